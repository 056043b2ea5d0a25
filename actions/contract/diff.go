package contract

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	odcs "github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/report"
)

func (d *door) diff() *cobra.Command {
	return &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Say what an edit of a contract means, and for whom",
		Long: `Compare two versions of a contract. Every edit is breaking, compatible or
documentation: for those who produce the data, for those who consume it, and for
a model that was trained on it. The new version number must rise as the edits
ask.`,
		Example: "  linecook contract diff flights.odcs.yaml flights-new.odcs.yaml",
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, files []string) error {
			if err := command.CheckFormat(d.format); err != nil {
				return err
			}
			if len(files) != 2 {
				return command.UsageError(errors.New("name two files: the contract before, and the contract after"))
			}
			text, err := read(files[0])
			if err != nil {
				return err
			}
			before, findings := odcs.ParseBase(files[0], text)
			if before == nil {
				return d.unsound(files[0], findings)
			}
			after, findings, err := d.sound(files[1])
			if err != nil {
				return err
			}
			return d.compared(before, after, findings)
		},
	}
}

// A comparison is what diff has to say to programs.
type comparison struct {
	Clean        bool             `json:"clean"`
	From         string           `json:"from"`
	To           string           `json:"to"`
	RequiredBump odcs.Bump        `json:"required_bump"`
	Model        odcs.Effect      `json:"model"`
	Changes      []change         `json:"changes"`
	Findings     []report.Finding `json:"findings"`
}

type change struct {
	Level odcs.Level `json:"level"`
	odcs.Change
}

func (d *door) compared(before, after *odcs.Contract, findings []report.Finding) error {
	changes := odcs.Compare(before, after)
	r := &report.Report{
		Title: "linecook contract diff", File: after.File(),
		Subjects: []report.Subject{{Name: after.File(), Checks: 1}},
		Findings: append(findings, odcs.CheckVersion(before, after, changes)...),
	}
	r.Details = fmt.Sprintf("%s from %s to %s", count(len(changes), "change"), before.Version, after.Version)
	if bump := odcs.RequiredBump(changes); bump != odcs.BumpNone {
		r.Details += fmt.Sprintf(", for which a %s version is due; the model: %s", bump, odcs.ModelEffect(changes))
	}
	// For people the changes are a list of their own; the other formats know
	// findings only.
	if d.format == "text" {
		if err := writeChanges(d.app.Out, changes); err != nil {
			return err
		}
	} else {
		r.Findings = append(r.Findings, odcs.Findings(changes)...)
	}
	r.Complete()
	data := comparison{
		Clean: r.Clean(), From: before.Version, To: after.Version, RequiredBump: odcs.RequiredBump(changes), Model: odcs.ModelEffect(changes),
		Changes: []change{}, Findings: r.Findings,
	}
	for _, c := range changes {
		data.Changes = append(data.Changes, change{c.Level(), c})
	}
	if data.Findings == nil {
		data.Findings = []report.Finding{}
	}
	r.Data = data
	return d.app.Report(d.format, r)
}

func writeChanges(w io.Writer, changes []odcs.Change) error {
	for _, c := range changes {
		if _, err := fmt.Fprintf(w, "%-13s %s\n              %s\n              producers: %s, consumers: %s, model: %s\n",
			c.Level(), report.Printable(c.Path), report.Printable(c.Message), c.Producers, c.Consumers, c.Model); err != nil {
			return err
		}
	}
	return nil
}
