// Package actions assembles the doors of linecook: one command for each verb,
// the same on a laptop and on a runner.
//
//  1. The arguments choose a command; each flag that was not given is taken
//     from LINECOOK_<FLAG> in the environment, which is how an action's inputs
//     arrive without passing through a shell.
//  2. The command reads the pipeline, runs one line, and says what happened:
//     for people, for programs, and for the runner.
//  3. The exit code is 0 clean, 1 findings or a denial, 2 usage or
//     configuration, 3 failure.
package actions

import (
	"io"
	"time"

	"github.com/linecook-ml/linecook/actions/backtest"
	"github.com/linecook-ml/linecook/actions/contract"
	"github.com/linecook-ml/linecook/actions/decision"
	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/actions/policy"
	"github.com/linecook-ml/linecook/actions/promote"
	"github.com/linecook-ml/linecook/actions/registry"
	"github.com/linecook-ml/linecook/actions/scaffold"
	"github.com/linecook-ml/linecook/actions/score"
	"github.com/linecook-ml/linecook/actions/settings"
	"github.com/linecook-ml/linecook/actions/snapshot"
	"github.com/linecook-ml/linecook/actions/train"
	"github.com/linecook-ml/linecook/actions/validate"
)

// Main runs linecook and returns its exit code.
func Main(args []string, stdout, stderr io.Writer, getenv func(string) string, now func() time.Time) int {
	return run(&command.App{Out: stdout, Err: stderr, Getenv: getenv, Clock: now}, args)
}

func run(app *command.App, args []string) int {
	return app.Run(args,
		scaffold.Command(app),
		scaffold.SchemaCommand(app),
		contract.Command(app),
		validate.Command(app),
		train.Command(app),
		snapshot.Command(app),
		promote.Command(app),
		decision.Command(app),
		policy.Command(app),
		registry.Command(app),
		score.Command(app),
		backtest.Command(app),
		settings.SetupCommand(app),
		settings.DoctorCommand(app),
		command.VersionCommand(app),
	)
}
