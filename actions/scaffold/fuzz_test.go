package scaffold_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/actions"
)

// FuzzInit holds that any bytes under the name of a CSV are either understood,
// and then validate, or refused as the user's mistake, leaving nothing behind.
func FuzzInit(f *testing.F) {
	f.Add([]byte("date,id,n,y\n2024-01-01,a,1,0\n2024-01-01,b,2,1\n2024-01-02,a,3,1\n"))
	f.Add([]byte("date;id;n;y\n2024-01-01;a;1;ja\n2024-01-02;a;2;nein\n2024-01-03;a;;\n"))
	f.Add([]byte("\ufeffdate,\"a\nb\",y\n2024-01-01,x,true\n2024-01-02,y,false\n"))
	f.Add([]byte("date,__id,score,y\n2024-01-01,1e308,nan,a%b\n9999-12-31,-1e308,inf,%s\n"))
	f.Add([]byte("date,y,x\n0001-01-01,0,1\n2024-02-30,1,2\n"))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		put(t, dir, "data.csv", string(data))
		run := func(args ...string) (int, string) {
			var out, log bytes.Buffer
			now := func() time.Time { return time.Date(2024, 4, 10, 6, 0, 0, 0, time.UTC) }
			return actions.Main(args, &out, &log, func(string) string { return "" }, now), log.String()
		}
		switch code, log := run("init", "--dir", dir, filepath.Join(dir, "data.csv")); code {
		case 0:
			if code, log := run("validate", "--pipeline", filepath.Join(dir, "pipeline.yaml")); code != 0 {
				t.Errorf("validate: exit code %d\n%s\n%s", code, log, read(t, dir, "pipeline.yaml"))
			}
		case 2:
			if files := tree(t, dir); !slices.Equal(files, []string{"data.csv"}) {
				t.Errorf("files were left behind: %q", files)
			}
		default:
			t.Errorf("init: exit code %d\n%s", code, log)
		}
	})
}

func TestSchema(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "customers.csv", customers(31))
	must(t, dir, "init")
	for _, name := range []string{"pipeline", "contract"} {
		text := must(t, dir, "schema", name)
		var schema map[string]any
		if err := json.Unmarshal([]byte(text), &schema); err != nil || schema["$schema"] == nil {
			t.Errorf("%s: %v", name, err)
		}
		if text != read(t, dir, ".github/linecook/"+name+".schema.json") {
			t.Errorf("init wrote another schema than `linecook schema %s` prints", name)
		}
	}
	for _, args := range [][]string{{"schema"}, {"schema", "bundle"}, {"schema", "pipeline", "contract"}} {
		if code, out, _ := linecook(t, dir, args...); code != 2 || out != "" {
			t.Errorf("%q: exit code %d", args, code)
		}
	}
}
