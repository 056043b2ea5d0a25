package registry

import (
	"errors"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/actions/internal/githubregistry"
	"github.com/linecook-ml/linecook/pipeline/report"
)

func (d *door) audit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit [NAME]",
		Short: "Hold every event against what GitHub knows of it",
		Long: `Hold every stage event against facts that nobody who may push tags can write:
the run that decided, the deployment that it made, and the records of the events
that came after. A folder has nobody to ask.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				d.name = args[0]
			}
			versions, name, err := d.open(cmd.Context())
			if err != nil {
				return err
			}
			now, err := d.app.Now()
			if err != nil {
				return err
			}
			asked, ok := versions.(*githubregistry.Registry)
			if !ok {
				return errors.New("the events of a folder cannot be audited: whoever may write the folder may write them, and nobody else saw them; " +
					"use --registry github, or linecook decision replay to hold each record against itself")
			}
			audit, err := asked.Audit(cmd.Context(), name, now)
			if err != nil {
				return fmt.Errorf("the events are not confirmed: %w", err)
			}
			return d.found(name, d.only(audit))
		},
	}
	d.app.PromoterFlag(cmd)
	return cmd
}

// only is the audit of one stage, where one was named. What is missing is said
// in any case.
func (d *door) only(audit githubregistry.Audit) githubregistry.Audit {
	if d.stage == "" {
		return audit
	}
	events := []githubregistry.Audited{}
	for _, e := range audit.Events {
		if e.Stage == d.stage {
			events = append(events, e)
		}
	}
	audit.Events = events
	return audit
}

// found shows an audit, and ends the command as it ended.
func (d *door) found(name string, audit githubregistry.Audit) error {
	var err error
	if d.asJSON {
		err = report.JSON(d.app.Out, struct {
			Clean bool `json:"clean"`
			githubregistry.Audit
		}{audit.Clean(), audit})
	} else {
		err = describe(d.app.Out, name, audit)
	}
	if err == nil && !audit.Clean() {
		return command.ErrFound()
	}
	return err
}

func describe(out io.Writer, name string, audit githubregistry.Audit) error {
	t := command.Table("event", "version", "by", "run", "deployment", "later events", "")
	var notes []string
	for _, e := range audit.Events {
		verdict := "confirmed"
		if !e.Confirmed {
			verdict = "NOT CONFIRMED"
		}
		t.AppendRow(table.Row{e.Event, e.Version, text(e.Actor), string(e.Run.State), string(e.Deployment.State), string(e.Later.State), verdict})
		for _, problem := range e.Problems {
			notes = append(notes, e.Event+": "+problem)
		}
	}
	if t.Length() > 0 {
		if _, err := fmt.Fprintln(out, t.Render()); err != nil {
			return err
		}
	}
	notes = append(notes, audit.Problems...)
	if len(audit.Events) == 0 && len(notes) == 0 {
		notes = append(notes, fmt.Sprintf("no event has put a version of %s on a stage", name))
	}
	for _, note := range notes {
		if _, err := fmt.Fprintln(out, text(note)); err != nil {
			return err
		}
	}
	return nil
}
