package settings

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/robfig/cron/v3"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/actions/internal/github"
)

const (
	// stateBranch carries ledger and scores from job to job.
	stateBranch = "linecook-state"
	// patience is how late GitHub may start a scheduled run before it counts as
	// dropped: hours are common.
	patience = 12 * time.Hour
)

// checksOf are all checks: of the token, without which the others see nothing, of
// the settings, and of what no setting holds.
func checksOf(app *command.App, client *github.Client, settings []setting, dir string) ([]check, error) {
	now, err := app.Now()
	if err != nil {
		return nil, err
	}
	schedules, err := schedulesOf(dir)
	if err != nil {
		return nil, command.UsageError(err)
	}
	checks := []check{tokenCheck(client, now)}
	for _, s := range settings {
		checks = append(checks, s.check())
	}
	checks = append(checks, stateCheck(client), registryCheck(app))
	for _, s := range schedules {
		checks = append(checks, scheduleCheck(client, s, now))
	}
	return checks, nil
}

func stateCheck(client *github.Client) check {
	return check{"state-branch", "ledger and scores have their branch", func(ctx context.Context) (string, []string, string, error) {
		there, err := client.HasBranch(ctx, stateBranch)
		if err != nil || there {
			return "", nil, "", err
		}
		return "", []string{"there is no branch " + stateBranch + ", so that no run has been recorded"}, "train a version: its workflow makes the branch", nil
	}}
}

func registryCheck(app *command.App) check {
	return check{"registry", "versions and stages can be read", func(ctx context.Context) (string, []string, string, error) {
		config, err := app.Config()
		if err != nil {
			return "", nil, "", err
		}
		registry, err := app.Registry()
		if err != nil {
			return "", nil, "", err
		}
		versions, err := registry.Registrations(ctx, config.Name)
		if err != nil {
			return "", nil, "", err
		}
		events, err := registry.History(ctx, config.Name)
		if err != nil {
			return "", nil, "", err
		}
		return fmt.Sprintf("%d versions, %d events", len(versions), len(events)), nil, "", nil
	}}
}

// A schedule is a workflow of linecook's in the working tree that time starts.
type schedule struct {
	file  string
	times []cron.Schedule
}

// schedulesOf reads the workflows in dir.
func schedulesOf(dir string) ([]schedule, error) {
	var files []string
	for _, pattern := range []string{"*.yml", "*.yaml"} {
		found, err := filepath.Glob(filepath.Join(dir, ".github", "workflows", pattern))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	var all []schedule
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var workflow struct {
			On any `yaml:"on"`
		}
		if err := yaml.Unmarshal(text, &workflow); err != nil {
			return nil, fmt.Errorf("%s is no workflow: %w", file, err)
		}
		triggers, _ := workflow.On.(map[string]any) // a name or a list of names has no schedule
		entries, _ := triggers["schedule"].([]any)
		if len(entries) == 0 || !strings.Contains(string(text), "linecook") {
			continue
		}
		s := schedule{file: ".github/workflows/" + filepath.Base(file)}
		for _, entry := range entries {
			fields, _ := entry.(map[string]any)
			line, _ := fields["cron"].(string)
			at, err := cron.ParseStandard(line)
			if err != nil {
				return nil, fmt.Errorf("%s: the cron line %q: %w", file, line, err)
			}
			s.times = append(s.times, at)
		}
		all = append(all, s)
	}
	return all, nil
}

// due is the last time, before now, at which the schedule should have started a
// run, not long ago enough to be late; zero is that there was none in a year.
func (s schedule) due(now time.Time) time.Time {
	var last time.Time
	for _, at := range s.times {
		// Schedules only look ahead: from a day back, then a month, then a year.
		for _, back := range []time.Duration{48 * time.Hour, 32 * 24 * time.Hour, 366 * 24 * time.Hour} {
			found := time.Time{}
			for next := at.Next(now.Add(-back)); !next.IsZero() && !next.After(now.Add(-patience)); next = at.Next(next) {
				found = next
			}
			if !found.IsZero() {
				if found.After(last) {
					last = found
				}
				break
			}
		}
	}
	return last
}

// scheduleCheck: GitHub disables the schedule of a public repository in which
// nothing happens for 60 days, and drops runs when it is busy. Neither is told to
// anybody.
func scheduleCheck(client *github.Client, s schedule, now time.Time) check {
	return check{"schedule/" + filepath.Base(s.file), "the schedule is alive", func(ctx context.Context) (string, []string, string, error) {
		workflows, err := client.Workflows(ctx)
		if err != nil {
			return "", nil, "", err
		}
		i := slices.IndexFunc(workflows, func(w github.Workflow) bool { return w.Path == s.file })
		if i < 0 {
			return "", []string{"GitHub does not know " + s.file}, "push it to the default branch: schedules run there only", nil
		}
		workflow := workflows[i]
		if workflow.State != "active" {
			return "", []string{"GitHub does not run it: " + workflow.State}, "enable it: gh workflow enable " + filepath.Base(s.file), nil
		}
		due := s.due(now)
		run, err := client.LastScheduledRun(ctx, workflow.ID)
		switch {
		case errors.Is(err, github.ErrNotFound):
			if due.IsZero() || workflow.Created.After(due) {
				return "", nil, "", errors.New("it has not been due since it is there, so that nothing shows that it runs")
			}
			return "", []string{"it never ran, and was due on " + due.Format(time.RFC3339)}, "see whether Actions are enabled for the repository, and score the days that are missing", nil
		case err != nil:
			return "", nil, "", err
		case run.Created.Before(due):
			return "", []string{fmt.Sprintf("it ran last on %s, and was due on %s", run.Created.Format(time.RFC3339), due.Format(time.RFC3339))},
				"score the days that are missing: gh workflow run " + filepath.Base(s.file) + " --field date=YYYY-MM-DD", nil
		case run.Conclusion != "success" && run.Conclusion != "":
			return "", []string{fmt.Sprintf("its last run, on %s, ended with %s: %s", run.Created.Format(time.RFC3339), run.Conclusion, run.URL)}, "read the run's summary", nil
		}
		return "it ran last on " + run.Created.Format(time.RFC3339), nil, "", nil
	}}
}
