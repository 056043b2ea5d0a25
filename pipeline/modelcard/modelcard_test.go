package modelcard_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/linecook-ml/linecook/pipeline/bundle"
	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/metric"
	"github.com/linecook-ml/linecook/pipeline/modelcard"
	"github.com/linecook-ml/linecook/pipeline/promotion/promotiontest"
	"github.com/linecook-ml/linecook/pipeline/registry/dir"
	"github.com/linecook-ml/linecook/pipeline/registry/registrytest"
)

func card(t *testing.T, limit int, change func(*bundle.Manifest, *evaluation.Report)) string {
	t.Helper()
	versions := dir.Open(t.TempDir())
	promotiontest.Register(t, versions, "1.0.0", change)
	b, _, err := versions.Fetch(context.Background(), promotiontest.Pipeline, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	return modelcard.Markdown(b, limit)
}

func TestACardSaysWhatTheBundleSays(t *testing.T) {
	text := card(t, 125000, nil)
	for _, want := range []string{
		"# flight-delay 1.0.0\n",
		"Predicts how probable an event is. Trained on 221000 observations from 2013-01-01 to 2013-08-30, evaluated on 27315 later ones from 2013-09-01 to 2013-09-30. Nothing known after 2013-10-01 was used.",
		"at least 24h0m0s after",
		"| all | roc\\_auc | 0.7100 | 0.7020 – 0.7180 | 27315 | 30 |\n",
		"| origin=JFK | roc\\_auc | 0.6900 | 0.6750 – 0.7050 | 9100 | 30 |\n",
		"by its definition: passed; features: 1",
		"by experiment: passed, 4000 observations at 2 cut-offs, 310000 rows taken away, 310000 put in disorder",
		"| flights | 262144 | 1 | `sha256:0000",
		"Contracts: 31 checks on 262144 rows, 0 errors.",
		"| bundle | `sha256:",
		"linecook test, Go test, DuckDB test, test",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the card lacks %q:\n%s", want, text)
		}
	}
	if text != card(t, 125000, nil) {
		t.Error("the same bundle has two cards")
	}
}

func TestWhatDidNotPassIsSaid(t *testing.T) {
	text := card(t, 125000, func(m *bundle.Manifest, r *evaluation.Report) {
		r.Honesty.StaticPassed, r.Honesty.Dynamic.Passed, m.Code.Dirty = false, false, true
	})
	if strings.Count(text, "**not passed**") != 2 || !strings.Contains(text, "changes that are in no commit") {
		t.Error(text)
	}
}

func TestForeignTextIsLiteral(t *testing.T) {
	text := card(t, 125000, func(m *bundle.Manifest, r *evaluation.Report) {
		m.Toolchain.Platform = "<script>alert(1)</script>"
		r.Slices[0].Level = "a | b\n# heading ![x](http://example.com) @octo"
	})
	for _, bad := range []string{"<script", "\n# heading", "a | b", "![x]", "@octo"} {
		if strings.Contains(text, bad) {
			t.Errorf("the card holds %q:\n%s", bad, text)
		}
	}
}

func TestTooManySlicesAreCounted(t *testing.T) {
	const limit = 20000
	text := card(t, limit, func(_ *bundle.Manifest, r *evaluation.Report) {
		r.Slices = nil
		for i := range 5000 {
			r.Slices = append(r.Slices, evaluation.Slice{Feature: "tail", Level: fmt.Sprint(i), Estimates: []metric.Estimate{
				{Metric: "roc_auc", Value: 0.7, Low: 0.6, High: 0.8, Level: 0.95, N: 10},
			}})
		}
	})
	if n := utf8.RuneCountInString(text); n > limit || !strings.Contains(text, "+4844 more slices") {
		t.Errorf("%d characters:\n%s", n, text[len(text)-900:])
	}
}

// Publishing does not fail for a card: what a bundle is worth, others decide.
func TestAnEvaluationThatCannotBeRead(t *testing.T) {
	_, archive := registrytest.Archive(t, "1.0.0", "x")
	b, err := bundle.OpenBytes(archive)
	if err != nil {
		t.Fatal(err)
	}
	if text := modelcard.Markdown(b, 125000); !strings.Contains(text, "**The bundle's evaluation cannot be used:**") || !strings.Contains(text, b.ID) {
		t.Error(text)
	}
}
