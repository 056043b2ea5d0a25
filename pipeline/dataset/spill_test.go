package dataset_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// A sort that does not fit into memory spills, although the session is locked,
// into a folder that nobody else reads and that goes with the session.
func TestSpill(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	session, _, err := dataset.Open(context.Background(), dataset.Options{Memory: "100 MB", Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	var folder string
	if err := session.DB().QueryRow("SELECT current_setting('temp_directory')").Scan(&folder); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 || !strings.HasPrefix(folder, os.TempDir()) {
		t.Errorf("the folder %s: %v, %v", folder, info, err)
	}
	if _, err := session.DB().Exec("CREATE TABLE large AS SELECT i, hash(i) AS h, 'what fills the memory ' || hash(i * 3) AS s FROM range(3000000) r(i) ORDER BY h"); err != nil {
		t.Fatal(err)
	}
	if spilled, err := os.ReadDir(folder); err != nil || len(spilled) == 0 {
		t.Errorf("nothing was spilled: %v", err)
	}
	if err := session.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("the folder stays: %v", err)
	}
}
