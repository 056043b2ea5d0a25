package command

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Module is linecook's own path.
const Module = "github.com/linecook-ml/linecook"

// release is the version that release.yml builds, as v1.2.3; the linker sets it.
var release string

// A Build says where this program comes from. What is not known is empty.
type Build struct {
	Version string `json:"version"`
	// Release says that the project's release workflow built it.
	Release bool `json:"release"`
	// Commit is the source's, Modified that it was changed without a commit.
	Commit   string `json:"commit"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// ThisBuild reads what the Go toolchain and the linker left in the program.
func ThisBuild() Build {
	b := Build{Version: "devel", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path == Module {
		if info.Main.Version != "" && info.Main.Version != "(devel)" {
			b.Version = info.Main.Version
		}
		for _, setting := range info.Settings {
			switch setting.Key {
			case "vcs.revision":
				b.Commit = setting.Value
			case "vcs.modified":
				b.Modified = setting.Value == "true"
			}
		}
	}
	if release != "" {
		b.Version, b.Release = release, true
	}
	return b
}

// Version is the version that the records name.
func Version() string { return ThisBuild().Version }

// VersionCommand is `linecook version`.
func VersionCommand(app *App) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which build of linecook this is",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := ThisBuild()
			if asJSON {
				text, err := json.MarshalIndent(b, "", "  ")
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(app.Out, string(text))
				return err
			}
			commit := b.Commit
			switch {
			case commit == "":
				commit = "an unknown commit"
			case b.Modified:
				commit += ", modified"
			}
			_, err := fmt.Fprintf(app.Out, "linecook %s (%s) %s %s\n", b.Version, commit, b.Platform, b.Go)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}
