package training

import (
	"fmt"
	"slices"
	"time"

	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/training/leakage"
)

// check looks at a division before anything is fitted to it, and refuses one
// that cannot be measured on. What it counts goes into the evaluation.
func (l *line) check(o *observations, d division, train, test *feature.Snapshot) ([]report.Finding, error) {
	c := l.in.Config
	if f := unfit(c, l.in.Until, train, test); f != nil {
		if d.dropped > 0 {
			f.Message += fmt.Sprintf("; %d are of entities that are trained on", d.dropped)
			f.Remedy += ", or leave split.group out"
		}
		return []report.Finding{*f}, nil
	}
	if f := overlapping(c, "the model", o, d); f != nil {
		return []report.Finding{*f}, nil
	}
	early, late := leakage.Side{Snapshot: train, Entity: o.entities(d.train)}, leakage.Side{Snapshot: test, Entity: o.entities(d.test)}
	entities, seen := leakage.Overlap(early, late)
	delay := o.labelDelay(l.periods)
	again, usual := o.repeated(d)
	l.split = evaluation.Split{
		Kind: evaluation.SplitTime, WindowSeconds: int64(c.Split.Window.Duration / time.Second),
		Grouped: c.Split.Group, DroppedRows: int64(d.dropped),
		Entities: int64(entities), SeenEntities: int64(seen),
		ComparedRows: int64(len(d.test)), RepeatedRows: int64(again),
		LabelDelaySeconds: int64(delay / time.Second), LateLabels: int64(d.late),
	}
	if gap := c.Split.Gap.Duration; d.late > 0 && gap < delay {
		f := finding("training/short-gap", c.At("split", "gap"),
			fmt.Sprintf("split.gap is %s, but labels take up to %s to be known: of the last observations before the evaluation, %d could not be trained on, and those that were are the ones whose outcome is known early", written(gap), written(delay), d.late),
			fmt.Sprintf("set split.gap to %s or longer", written(delay)))
		f.Source, f.Count = c.Observations.Source, int64(d.late)
		l.warn(f)
	}
	if share := float64(again) / float64(len(d.test)); share > mostRepeated && share > 2*usual {
		f := finding("training/repeated-rows", c.At("features"),
			fmt.Sprintf("%d of the %d observations to evaluate on (%.1f %%) have all features and the label of one that is trained on, where %.1f %% of the later half of those repeat the earlier one",
				again, len(d.test), 100*share, 100*usual),
			"look for copies under another key and a later date, and take them out of the source")
		f.Source, f.Count = c.Observations.Source, int64(again)
		l.warn(f)
	}
	l.step("look for leaks in the data")
	signs, err := leakage.Look(c.Estimator.Task(), early, late)
	if err != nil {
		return nil, err
	}
	l.leakage.Signals = []evaluation.Signal{}
	if leakage.Enough(c.Estimator.Task(), test.Label) {
		l.leakage.Features, l.leakage.Rows = int64(len(train.Frame.Columns)), int64(len(d.train)+len(d.test))
	} else {
		f := leakage.Unseen(c.Estimator.Task(), test.Label)
		f.Source, f.Position = c.Observations.Source, c.At("split", "holdout")
		l.warn(f)
	}
	return l.suspect(signs), nil
}

// suspect takes down the signs of leaks and says what is certain.
func (l *line) suspect(signs []leakage.Sign) []report.Finding {
	var certain []report.Finding
	for _, sign := range signs {
		f := sign.Finding
		f.Position = l.in.Config.At("features")
		if i := slices.IndexFunc(l.in.Config.Features, func(d feature.Definition) bool { return d.Name == sign.Signal.Feature }); i >= 0 {
			f.Position = l.in.Config.At("features", i, "name")
		}
		if f.Severity == report.Error {
			certain = append(certain, f)
			continue
		}
		l.leakage.Signals = append(l.leakage.Signals, sign.Signal)
		l.warn(f)
	}
	return certain
}

// written is a length of time as pipeline.yaml has it, rounded up to a unit that
// leaves two digits or so.
func written(d time.Duration) string {
	for _, unit := range []struct {
		name string
		is   time.Duration
	}{{"day", day}, {"hour", time.Hour}, {"minute", time.Minute}} {
		switch {
		case d == unit.is:
			return "1 " + unit.name
		case d >= 2*unit.is:
			return fmt.Sprintf("%d %ss", (d+unit.is-1)/unit.is, unit.name)
		}
	}
	return fmt.Sprintf("%d seconds", (d+time.Second-1)/time.Second)
}
