package provenance_test

import (
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/actions/internal/provenance"
)

var run = map[string]string{
	"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "octo/flights", "GITHUB_RUN_ID": "12", "GITHUB_RUN_ATTEMPT": "2",
	"GITHUB_REF": "refs/tags/flights@v1.0.0", "GITHUB_SHA": strings.Repeat("a", 40), "GITHUB_EVENT_NAME": "push", "GITHUB_REPOSITORY_ID": "1",
	"GITHUB_REPOSITORY_OWNER_ID": "2", "RUNNER_ENVIRONMENT": "github-hosted",
	"GITHUB_WORKFLOW_REF": "octo/flights/.github/workflows/train.yml@refs/tags/flights@v1.0.0",
}

func TestAStatement(t *testing.T) {
	getenv := func(name string) string { return run[name] }
	got, err := provenance.Statement(getenv, "flights-1.0.0.tar.zst", "sha256:"+strings.Repeat("0", 64))
	want := `{"_type":"https://in-toto.io/Statement/v1","predicate":{"buildDefinition":{"buildType":"https://actions.github.io/buildtypes/workflow/v1",` +
		`"externalParameters":{"workflow":{"path":".github/workflows/train.yml","ref":"refs/tags/flights@v1.0.0","repository":"https://github.com/octo/flights"}},` +
		`"internalParameters":{"github":{"event_name":"push","repository_id":"1","repository_owner_id":"2","runner_environment":"github-hosted"}},` +
		`"resolvedDependencies":[{"digest":{"gitCommit":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"uri":"git+https://github.com/octo/flights@refs/tags/flights@v1.0.0"}]},` +
		`"runDetails":{"builder":{"id":"https://github.com/octo/flights/.github/workflows/train.yml@refs/tags/flights@v1.0.0"},` +
		`"metadata":{"invocationId":"https://github.com/octo/flights/actions/runs/12/attempts/2"}}},"predicateType":"https://slsa.dev/provenance/v1",` +
		`"subject":[{"digest":{"sha256":"` + strings.Repeat("0", 64) + `"},"name":"flights-1.0.0.tar.zst"}]}` + "\n"
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
	if !provenance.OnRunner(getenv) || provenance.OnRunner(func(string) string { return "" }) {
		t.Error("a laptop is a runner, or the other way round")
	}
	if _, err := provenance.Statement(getenv, "x", "md5:00"); err == nil {
		t.Error("a digest that is no SHA-256 was taken")
	}
}
