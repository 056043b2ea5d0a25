package feature_test

import (
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/feature"
)

// Each change to a sound command is refused where it stands.
func TestCommandsAreChecked(t *testing.T) {
	s := airport(t)
	sound := func() feature.Plan {
		plan := flightPlan(feature.Definition{Name: "f", Type: feature.Numeric, Command: "own"})
		plan.Commands = []feature.Command{{
			Name: "own", Observation: []string{"carrier"},
			Reads: []feature.Input{{Source: "weather", Columns: []string{"origin", "temp"}, Within: mustDuration("1 day")}},
		}}
		return plan
	}
	for name, c := range map[string]struct {
		change         func(*feature.Plan)
		code, at, says string
	}{
		"sound":                       {func(*feature.Plan) {}, "", "", ""},
		"a command that is not there": {func(p *feature.Plan) { p.Definitions[0].Command = "other" }, "feature/command", "features0command", "no command called other"},
		"two forms":                   {func(p *feature.Plan) { p.Definitions[0].Expression = "minute" }, "feature/form", "features0", "exactly one of"},
		"a name twice":                {func(p *feature.Plan) { p.Commands = append(p.Commands, p.Commands[0]) }, "feature/duplicate", "commands1name", "two commands are called own"},
		"a command of no use": {func(p *feature.Plan) {
			p.Commands = append(p.Commands, feature.Command{Name: "idle", Observation: []string{"carrier"}})
		}, "feature/command", "commands1name", "no feature takes its value"},
		"nothing given":                   {func(p *feature.Plan) { p.Commands[0].Observation, p.Commands[0].Reads = nil, nil }, "feature/command", "commands0", "given nothing to work with"},
		"the outcome":                     {func(p *feature.Plan) { p.Commands[0].Observation = []string{"dep_delay"} }, "feature/known-too-late", "commands0observation", "command own uses dep_delay"},
		"a column that is not there":      {func(p *feature.Plan) { p.Commands[0].Observation = []string{"airline"} }, "feature/unknown-column", "commands0observation", "no column airline"},
		"a column twice":                  {func(p *feature.Plan) { p.Commands[0].Observation = []string{"carrier", "Carrier"} }, "feature/unknown-column", "commands0observation", "no column Carrier"},
		"a column of a source twice":      {func(p *feature.Plan) { p.Commands[0].Reads[0].Columns = []string{"temp", "temp"} }, "feature/command", "commands0reads0columns1", "is given the column temp twice"},
		"no column of a source":           {func(p *feature.Plan) { p.Commands[0].Reads[0].Columns = nil }, "feature/command", "commands0reads0columns", "given no column of source weather"},
		"a source that is not there":      {func(p *feature.Plan) { p.Commands[0].Reads[0].Source = "wether" }, "feature/unknown-source", "commands0reads0source", "no source called wether"},
		"a source twice":                  {func(p *feature.Plan) { p.Commands[0].Reads = append(p.Commands[0].Reads, p.Commands[0].Reads[0]) }, "feature/command", "commands0reads1source", "reads source weather twice"},
		"a source that is no file's name": {func(p *feature.Plan) { p.Sources[1].Name, p.Commands[0].Reads[0].Source = "../weather", "../weather" }, "feature/command", "commands0reads0source", "which no file can be called"},
		"another one's data":              {func(p *feature.Plan) { p.Sources[1].Personal = []string{"temp"} }, "feature/personal-data", "features0command", "uses temp of source weather"},
		"another one's name":              {func(p *feature.Plan) { p.Sources[0].Personal = []string{"carrier"} }, "feature/personal-data", "features0command", "uses carrier of source flights"},
		"personal data with a reason": {func(p *feature.Plan) {
			p.Sources[0].Personal, p.Definitions[0].PersonalData = []string{"carrier"}, "carriers are no people"
		}, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			plan := sound()
			c.change(&plan)
			honest, findings, err := plan.Lint(t.Context(), s.DB(), locate)
			if err != nil {
				t.Fatal(err)
			}
			if c.code == "" {
				if len(findings) > 0 || honest != 1 {
					t.Errorf("%d honest: %+v", honest, findings)
				}
				return
			}
			for _, f := range findings {
				if f.Code == c.code && f.Position.File == c.at && strings.Contains(f.Message, c.says) {
					return
				}
			}
			t.Errorf("no %s at %s says %q: %+v", c.code, c.at, c.says, findings)
		})
	}
}
