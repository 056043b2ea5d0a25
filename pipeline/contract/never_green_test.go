package contract

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/pipeline/dataset"
)

func smallTable(t *testing.T) (*dataset.Session, *Contract) {
	t.Helper()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "a.csv"), []byte("v\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, findings, err := dataset.Open(context.Background(), dataset.Options{Root: root}, dataset.Spec{Name: "t", Paths: []string{"a.csv"}})
	if err != nil || len(findings) > 0 {
		t.Fatal(findings, err)
	}
	t.Cleanup(func() { _ = s.Close() })
	c, findings := Parse("c.yaml", []byte("apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\nschema:\n  - name: t\n    properties: [{name: v, logicalType: integer}]\n"))
	if c == nil {
		t.Fatal(findings)
	}
	return s, c
}

func TestAPanicInACheckIsAnError(t *testing.T) {
	s, c := smallTable(t)
	// What Parse would refuse: a rule of a type that no code below expects.
	c.Schema[0].Properties[0].Quality = []Rule{{Metric: MetricInvalidValues}}
	result, err := Check(context.Background(), s, s.Table("t"), c, CheckOptions{})
	if err == nil || !strings.Contains(err.Error(), "panic") || result.Checks != 0 || result.Rows != 0 {
		t.Errorf("%+v %v", result, err)
	}
}

func TestATimeoutIsAnError(t *testing.T) {
	s, c := smallTable(t)
	for _, start := range []func() (context.Context, context.CancelFunc){
		func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), -time.Second)
		},
		func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return ctx, cancel
		},
	} {
		ctx, cancel := start()
		result, err := Check(ctx, s, s.Table("t"), c, CheckOptions{})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) || result.Checks != 0 {
			t.Errorf("%+v %v", result, err)
		}
	}
}

// A query that is interrupted in the middle is no finding about the data.
func TestATimeoutWhileAQueryRuns(t *testing.T) {
	s, c := smallTable(t)
	c.Schema[0].Quality = []Rule{{Type: "sql", Query: "SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range * b.range % 7 = 3", MustBe: Text{Kind: "integer", Text: "0"}}}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	result, err := Check(ctx, s, s.Table("t"), c, CheckOptions{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%+v %v", result, err)
	}
}
