// Package settings is the door of `linecook setup` and `linecook doctor`: what a
// repository on GitHub must be set to, so that the lines can be relied on.
//
//  1. What is wanted is read from the working tree: the rulesets in
//     .github/rulesets, the stages of pipeline.yaml, the workflows with a
//     schedule.
//  2. Each setting looks at what GitHub has, and says how that differs.
//  3. Setup changes what differs, and nothing else; a second run changes nothing.
//  4. Doctor changes nothing. It looks at the token, at the same settings, and at
//     what no setting holds: is the schedule alive, is there state, can the registry be
//     read. What cannot be seen is unknown, and unknown is not a pass.
package settings

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/actions/internal/github"
	"github.com/linecook-ml/linecook/pipeline"
)

// A setting is one thing that the repository is set to.
type setting struct {
	code, what string
	// look returns how GitHub differs from what is wanted; nothing is a match.
	look func(context.Context) ([]string, error)
	// apply sets it. It is called after look found a difference.
	apply func(context.Context) error
}

// check is the setting as doctor looks at it.
func (s setting) check() check {
	return check{s.code, s.what, func(ctx context.Context) (string, []string, string, error) {
		differences, err := s.look(ctx)
		return "", differences, remedySetup, err
	}}
}

// settingsOf are those that the files in dir ask for, in the order in which they
// are set: nothing is published before releases cannot be changed.
func settingsOf(client *github.Client, config *pipeline.Config, dir string) ([]setting, error) {
	settings := []setting{immutableReleases(client), workflowRights(client)}
	rulesets, err := rulesetsOf(client, dir)
	if err != nil {
		return nil, err
	}
	settings = append(settings, rulesets...)
	for _, stage := range config.Stages {
		settings = append(settings, environment(client, stage.Name))
	}
	return settings, nil
}

func immutableReleases(client *github.Client) setting {
	return setting{
		code: "immutable-releases", what: "a published release can never be changed",
		look: func(ctx context.Context) ([]string, error) {
			immutable, err := client.ImmutableReleases(ctx)
			if err != nil || immutable {
				return nil, err
			}
			return []string{"releases can be changed after their publication"}, nil
		},
		apply: client.MakeReleasesImmutable,
	}
}

func workflowRights(client *github.Client) setting {
	return setting{
		code: "workflow-permissions", what: "a workflow may read where it does not say what else",
		look: func(ctx context.Context) ([]string, error) {
			rights, err := client.WorkflowRights(ctx)
			var differences []string
			if err == nil && rights.Default != "read" {
				differences = append(differences, fmt.Sprintf("the default is %s", rights.Default))
			}
			if rights.MayApprove {
				differences = append(differences, "workflows may approve pull requests")
			}
			return differences, err
		},
		apply: func(ctx context.Context) error {
			return client.SetWorkflowRights(ctx, github.WorkflowRights{Default: "read"})
		},
	}
}

func environment(client *github.Client, stage string) setting {
	return setting{
		code: "environment/" + stage, what: "people see what was deployed to " + stage,
		look: func(ctx context.Context) ([]string, error) {
			names, err := client.Environments(ctx)
			// GitHub does not tell capitals apart here.
			if err != nil || slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, stage) }) {
				return nil, err
			}
			return []string{"there is no environment " + stage}, nil
		},
		apply: func(ctx context.Context) error { return client.CreateEnvironment(ctx, stage) },
	}
}
