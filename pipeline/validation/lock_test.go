package validation

import (
	"testing"
	"testing/fstest"

	"github.com/linecook-ml/linecook/pipeline"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

// What a command's lock file leaves open is a finding in that file.
func TestLockFilesOfCommands(t *testing.T) {
	for _, c := range []struct{ lock, text, want string }{
		{"features/requirements.txt", "", ""},
		{"features/requirements.lock", "pandas==2.2.0\nnumpy==1.26.4\n", ""},
		{"features/requirements.lock", "numpy==1.26.4\npandas\n", "shop/features/requirements.lock:2:1 repository/unpinned-requirement"},
		{"features/requirements.txt", "-r other.txt\n", "shop/features/requirements.txt:1:1 repository/unpinned-requirement"},
		{"features/requirements.txt", "# ours\n./lib\n-e .\n", "shop/features/requirements.txt:2:1 repository/unpinned-requirement\nshop/features/requirements.txt:3:1 repository/unpinned-requirement"},
		{"uv.lock", "version = 1\n", ""},
		{"renv.lock", "{}\n", ""},
		{"pyproject.toml", "[project]\n", "shop/pyproject.toml:1:1 repository/unpinned-requirement"},
	} {
		config := &pipeline.Config{File: "shop/pipeline.yaml", Root: "shop", Commands: []feature.Command{{
			Name: "own", Run: []string{"sh", "own.sh"}, Files: []string{"own.sh"}, Version: []string{"true"}, Lock: c.lock,
		}}}
		if findings := config.ReadCommands(fstest.MapFS{"own.sh": {}, c.lock: {Data: []byte(c.text)}}); len(findings) > 0 {
			t.Fatal(findings)
		}
		if got := places(locks(config)); got != c.want {
			t.Errorf("%s with %q:\n%s\nwant\n%s", c.lock, c.text, got, c.want)
		}
	}
}
