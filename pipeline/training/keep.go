package training

import (
	"context"

	"github.com/linecook-ml/linecook/pipeline/canonical"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/snapshot"
)

// keep writes the features that were trained on, and evaluated with, to the file
// that was asked for.
func (l *line) keep(ctx context.Context, s *feature.Snapshot, keys []feature.Key, d division) error {
	l.step("write the feature snapshot")
	used := make([]string, s.Frame.Rows)
	for _, row := range d.train {
		used[row] = "train"
	}
	for _, row := range d.test {
		used[row] = "evaluate"
	}
	c := l.in.Config
	record := snapshot.Record{
		Pipeline: c.Name, AsOf: l.in.Until, Label: c.Label.Name, Definitions: l.certificate.DefinitionsDigest, Linecook: l.in.Linecook,
	}
	for _, source := range l.result.Validation.Sources {
		record.Sources = append(record.Sources, snapshot.Source{
			Name: source.Name, Fingerprint: source.Fingerprint, Contract: canonical.DigestBytes(l.in.Contracts[source.Name].Text()),
			Rows: source.Rows, Files: source.Files,
		})
	}
	return snapshot.Write(ctx, l.in.Snapshot, snapshot.Table{Snapshot: s, Keys: keys, Used: used}, record)
}
