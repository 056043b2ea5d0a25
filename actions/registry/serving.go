package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A serving says that a version was on a stage from one event to the next.
type serving struct {
	Stage    string    `json:"stage"`
	Version  string    `json:"version"`
	BundleID string    `json:"bundle_id"`
	From     time.Time `json:"from"`
	// Until is nil where nothing has followed.
	Until *time.Time `json:"until"`
	// Event is the one that put it there, Actor whoever asked for it.
	Event string `json:"event"`
	Actor string `json:"actor"`
}

// servings reads a history as who was where from when until when, by stage and
// sequence. The order of events is that of their sequence, so one whose clock
// was ahead of a later one's ends when that begins, and may never have been.
func servings(history []registry.Assignment) []serving {
	all := []serving{}
	var until *time.Time // the earliest of the events that follow on the stage
	for i, a := range slices.Backward(history) {
		if i+1 < len(history) && history[i+1].Stage != a.Stage {
			until = nil
		}
		if until == nil || a.At.Before(*until) {
			all = append(all, serving{a.Stage, a.Version, a.BundleID, a.At, until, a.Tag(), a.Actor})
			until = &history[i].At
		}
	}
	slices.Reverse(all)
	return all
}

// served prints those that are asked for.
func (d *door) served(ctx context.Context, nothing string, asked func(serving) bool) error {
	history, err := d.events(ctx)
	if err != nil {
		return err
	}
	found := slices.DeleteFunc(servings(history), func(s serving) bool { return !asked(s) })
	return d.print(found, servingTable(found), nothing)
}

func (d *door) current() *cobra.Command {
	return &cobra.Command{
		Use: "current", Short: "Tell what is on each stage now", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return d.served(cmd.Context(), "nothing is on "+d.where(), func(s serving) bool { return s.Until == nil })
		},
	}
}

func (d *door) at() *cobra.Command {
	var when string
	cmd := &cobra.Command{
		Use: "at --date DATE", Short: "Tell what was on each stage on a day, or at a time", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			from, to, err := span(when)
			if err != nil {
				return err
			}
			return d.served(cmd.Context(), fmt.Sprintf("nothing was on %s at %s", d.where(), when), func(s serving) bool {
				return s.From.Before(to) && (s.Until == nil || s.Until.After(from))
			})
		},
	}
	cmd.Flags().StringVar(&when, "date", "", "the day in UTC, as 2013-10-01, or the time, as 2013-10-01T06:00:00Z")
	return cmd
}

// span is the time that is asked about, from and not to: a day, or the moment
// that a time names.
func span(when string) (from, to time.Time, err error) {
	if day, err := time.Parse(time.DateOnly, when); err == nil {
		return day, day.AddDate(0, 0, 1), nil
	}
	at, err := time.Parse(time.RFC3339, when)
	if err != nil {
		return at, at, command.UsageError(fmt.Errorf("--date %q is no day and no time; write it as 2013-10-01 or 2013-10-01T06:00:00Z", when))
	}
	return at.UTC(), at.UTC().Add(time.Nanosecond), nil
}

func servingTable(all []serving) table.Writer {
	t := command.Table("stage", "version", "from", "until", "by", "event")
	for _, s := range all {
		until := "now"
		if s.Until != nil {
			until = moment(*s.Until)
		}
		t.AppendRow(table.Row{s.Stage, s.Version, moment(s.From), until, text(s.Actor), s.Event})
	}
	return t
}

// on lists the stages that a registration is on now.
func on(history []registry.Assignment, reg registry.Registration) []string {
	stages := []string{}
	for _, s := range servings(history) {
		if s.Until == nil && s.BundleID == reg.BundleID {
			stages = append(stages, s.Stage)
		}
	}
	return stages
}

func ofVersion(history []registry.Assignment, reg registry.Registration) []serving {
	return slices.DeleteFunc(servings(history), func(s serving) bool { return s.BundleID != reg.BundleID })
}

// describe prints one version: what it is, where it comes from, and where it
// has served.
func (d *door) describe(m bundle.Manifest, v version, served []serving) error {
	if d.asJSON {
		return report.JSON(d.app.Out, struct {
			version
			Manifest bundle.Manifest `json:"manifest"`
			Served   []serving       `json:"served"`
		}{v, m, served})
	}
	t := command.Table("", registry.VersionTag(v.Name, v.Version))
	commit := m.Code.Commit
	if m.Code.Dirty {
		commit += " and changes that are in no commit"
	}
	for _, row := range [][2]string{
		{"bundle", v.BundleID}, {"archive", fmt.Sprintf("%s, %d bytes", v.ArchiveSHA256, v.Size)},
		{"registered", moment(v.RegisteredAt) + " by " + v.Actor}, {"data known before", m.Until},
		{"features", fmt.Sprintf("%s, %d rows, %d columns", m.Snapshot.Digest, m.Snapshot.Rows, m.Snapshot.Columns)},
		{"commit", commit}, {"on", strings.Join(v.Stages, ", ")},
	} {
		t.AppendRow(table.Row{row[0], text(row[1])})
	}
	out := t.Render() + "\n"
	if len(served) > 0 {
		out += "\n" + servingTable(served).Render() + "\n"
	}
	_, err := fmt.Fprint(d.app.Out, out)
	return err
}
