// Package provenance states where a file comes from: an in-toto statement with
// SLSA provenance, as GitHub's own attestation of a workflow has it.
//
// The statement is signed by nobody. It travels with the file for those who look
// at it without GitHub; the attestation that the workflow makes is the one to be
// verified.
package provenance

import (
	"fmt"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/canonical"
)

// The forms that a statement has.
const (
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://slsa.dev/provenance/v1"
	// BuildType is GitHub's of a workflow that runs on Actions.
	BuildType = "https://actions.github.io/buildtypes/workflow/v1"
)

type statement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     predicate `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"`
}

type predicate struct {
	BuildDefinition buildDefinition `json:"buildDefinition"`
	RunDetails      runDetails      `json:"runDetails"`
}

type buildDefinition struct {
	BuildType            string                       `json:"buildType"`
	ExternalParameters   map[string]map[string]string `json:"externalParameters"`
	InternalParameters   map[string]map[string]string `json:"internalParameters"`
	ResolvedDependencies []dependency                 `json:"resolvedDependencies"`
}

type dependency struct {
	URI    string            `json:"uri"`
	Digest map[string]string `json:"digest"`
}

type runDetails struct {
	Builder  map[string]string `json:"builder"`
	Metadata map[string]string `json:"metadata"`
}

// OnRunner says that the environment is that of a workflow's run.
func OnRunner(getenv func(string) string) bool {
	return getenv("GITHUB_RUN_ID") != "" && getenv("GITHUB_WORKFLOW_REF") != ""
}

// Statement is one line of JSON about the file of that name and digest, sha256:
// and hexadecimal, from the environment of the run that made it.
func Statement(getenv func(string) string, name, digest string) ([]byte, error) {
	hex, found := strings.CutPrefix(digest, "sha256:")
	if !found {
		return nil, fmt.Errorf("%s has the digest %q, which is no SHA-256", name, digest)
	}
	server, repository := getenv("GITHUB_SERVER_URL"), getenv("GITHUB_REPOSITORY")
	home := server + "/" + repository
	// GITHUB_WORKFLOW_REF is like octo/flights/.github/workflows/train.yml@refs/tags/x.
	workflow := getenv("GITHUB_WORKFLOW_REF")
	path, _, _ := strings.Cut(strings.TrimPrefix(workflow, repository+"/"), "@refs/")
	line, err := canonical.Marshal(statement{
		Type: StatementType, PredicateType: PredicateType,
		Subject: []subject{{Name: name, Digest: map[string]string{"sha256": hex}}},
		Predicate: predicate{
			BuildDefinition: buildDefinition{
				BuildType: BuildType,
				ExternalParameters: map[string]map[string]string{"workflow": {
					"ref": getenv("GITHUB_REF"), "repository": home, "path": path,
				}},
				InternalParameters: map[string]map[string]string{"github": {
					"event_name": getenv("GITHUB_EVENT_NAME"), "repository_id": getenv("GITHUB_REPOSITORY_ID"),
					"repository_owner_id": getenv("GITHUB_REPOSITORY_OWNER_ID"), "runner_environment": getenv("RUNNER_ENVIRONMENT"),
				}},
				ResolvedDependencies: []dependency{{
					URI: "git+" + home + "@" + getenv("GITHUB_REF"), Digest: map[string]string{"gitCommit": getenv("GITHUB_SHA")},
				}},
			},
			RunDetails: runDetails{
				Builder:  map[string]string{"id": server + "/" + workflow},
				Metadata: map[string]string{"invocationId": fmt.Sprintf("%s/actions/runs/%s/attempts/%s", home, getenv("GITHUB_RUN_ID"), getenv("GITHUB_RUN_ATTEMPT"))},
			},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("state where %s comes from: %w", name, err)
	}
	return append(line, '\n'), nil
}
