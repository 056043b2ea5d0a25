package scaffold

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/contract"
)

// schemas are the files that people write and their JSON Schemas.
var schemas = []struct {
	name string
	text func() ([]byte, error)
}{
	{"pipeline", pipeline.ConfigSchema},
	{"contract", contract.JSONSchema},
}

// SchemaCommand is `linecook schema`.
func SchemaCommand(app *command.App) *cobra.Command {
	var names []string
	for _, s := range schemas {
		names = append(names, s.name)
	}
	return &cobra.Command{
		Use:   "schema " + strings.Join(names, "|"),
		Short: "Print the JSON Schema of pipeline.yaml or of contracts, for editors",
		Long: `Print the JSON Schema (draft 2020-12) of the files that linecook reads. An editor
with a YAML language server completes and checks a file whose first line names it:

  # yaml-language-server: $schema=.github/linecook/pipeline.schema.json`,
		Example:   "  linecook schema pipeline > .github/linecook/pipeline.schema.json",
		ValidArgs: names,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(names, args[0]) {
				return command.UsageError(fmt.Errorf("name one schema: %s", strings.Join(names, " or ")))
			}
			text, err := schemas[slices.Index(names, args[0])].text()
			if err != nil {
				return err
			}
			_, err = app.Out.Write(text)
			return err
		},
	}
}
