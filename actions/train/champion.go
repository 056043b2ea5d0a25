package train

import (
	"context"
	"errors"
	"fmt"

	"github.com/linecook-ml/linecook/actions/internal/command"
	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/inference"
	"github.com/linecook-ml/linecook/pipeline/promotion"
	"github.com/linecook-ml/linecook/pipeline/registry"
	"github.com/linecook-ml/linecook/pipeline/report"
	"github.com/linecook-ml/linecook/pipeline/training"
)

// noChampion says that the new version is compared with nothing.
const noChampion = "none"

// champion is what a version is compared with: what serves on a stage, which is
// the last one where it is empty; nil where nothing does. A version that is
// registered already is compared with what it was compared with then, so that
// training it again gives the same bundle. A champion whose bundle is damaged
// does not stop the training that may replace it.
func champion(ctx context.Context, app *command.App, versions registry.Registry, c *pipeline.Config, version, stage string) (*training.Champion, error) {
	switch stage {
	case noChampion:
		return nil, nil
	case "":
		if again, registered, err := earlier(ctx, app, versions, c, version); err != nil || registered {
			return again, err
		}
		stage = c.Stages[len(c.Stages)-1].Name
	default:
		if _, err := promotion.FindStage(c.Stages, stage); err != nil {
			return nil, command.UsageError(fmt.Errorf("--champion: %w, or %s", err, noChampion))
		}
	}
	history, err := versions.History(ctx, c.Name)
	if err != nil {
		return nil, err
	}
	serving, found := registry.Current(history, stage)
	if !found {
		return nil, nil
	}
	return open(ctx, app, versions, c, serving.Version, stage)
}

// earlier is what a registered version was compared with.
func earlier(ctx context.Context, app *command.App, versions registry.Registry, c *pipeline.Config, version string) (again *training.Champion, registered bool, err error) {
	b, _, err := versions.Fetch(ctx, c.Name, version)
	if errors.Is(err, registry.ErrCorrupt) || errors.Is(err, registry.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	measured, err := evaluation.Read(b.Data(bundle.RoleEvaluation))
	if err != nil || measured.Comparison == nil {
		return nil, true, err
	}
	again, err = open(ctx, app, versions, c, measured.Comparison.Version, measured.Comparison.Stage)
	return again, true, err
}

func open(ctx context.Context, app *command.App, versions registry.Registry, c *pipeline.Config, version, stage string) (*training.Champion, error) {
	b, _, err := versions.Fetch(ctx, c.Name, version)
	if errors.Is(err, registry.ErrCorrupt) || errors.Is(err, registry.ErrNotFound) {
		_, _ = fmt.Fprintf(app.Err, "· %s, which serves on %s, does not verify and is not compared with\n", registry.VersionTag(c.Name, version), stage)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	// One that an earlier linecook wrote in another form is as good as damaged.
	measured, err := evaluation.Read(b.Data(bundle.RoleEvaluation))
	var recipe *inference.Recipe
	if err == nil {
		recipe, err = inference.ReadRecipe(b)
	}
	if err != nil {
		_, _ = fmt.Fprintf(app.Err, "· %s, which serves on %s, cannot be compared with: %s\n", registry.VersionTag(c.Name, version), stage, report.Printable(err.Error()))
		return nil, nil
	}
	return &training.Champion{
		Version: version, BundleID: b.ID, Stage: stage, Task: measured.Task, Trained: measured.Training, Observations: recipe.Config.Observations,
		Predict: func(ctx context.Context, session *dataset.Session, within feature.Range) (*feature.Snapshot, []float64, error) {
			return recipe.Predict(ctx, c, session, within)
		},
	}, nil
}
