package pipeline_test

import (
	"slices"
	"testing"

	"github.com/linecook-ml/linecook/pipeline"
)

// Parts are found in files that cannot be used, too.
func TestParts(t *testing.T) {
	t.Parallel()
	text := `
format: linecook.pipeline/v9
sources:
  - {name: orders, contract: contracts/orders.odcs.yaml, path: [data/*.csv, /far/orders.csv]}
queries:
  - {name: peers, file: features/peers.sql}
commands:
  - {name: network, files: [features/*.py], lock: features/requirements.txt}
`
	parts := pipeline.Parts("shop/pipeline.yaml", []byte(text))
	for path, want := range map[string]string{
		"shop/pipeline.yaml":              "the pipeline's file",
		"shop/contracts/orders.odcs.yaml": "the contract of source orders",
		"shop/data/new.csv":               "data of source orders",
		"shop/data/../data/new.csv":       "data of source orders",
		"/far/orders.csv":                 "data of source orders",
		"shop/features/peers.sql":         "the query peers",
		"shop/features/network.py":        "a file of command network",
		"shop/features/requirements.txt":  "the lock file of command network",
		"data/new.csv":                    "",
		"shop/data/sub/new.csv":           "",
		"shop/features/peers.sql.sarif":   "",
	} {
		got := ""
		if i := slices.IndexFunc(parts, func(p pipeline.Part) bool { return p.Names(path) }); i >= 0 {
			got = parts[i].What
		}
		if got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if parts := pipeline.Parts("pipeline.yaml", []byte("sources: [")); len(parts) != 1 {
		t.Errorf("a file that is no YAML has %d parts, want itself", len(parts))
	}
}
