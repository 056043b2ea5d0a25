package evaluation_test

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/evaluation"
	"github.com/linecook-ml/linecook/pipeline/metric"
)

func report() evaluation.Report {
	day := func(month, day int) time.Time { return time.Date(2013, time.Month(month), day, 0, 0, 0, 0, time.UTC) }
	return evaluation.Report{
		Format:       evaluation.Format,
		Task:         metric.Classification,
		Training:     evaluation.Period{From: day(1, 1), To: day(8, 31)},
		Period:       evaluation.Period{From: day(9, 1), To: day(10, 1)},
		GapSeconds:   86400,
		TrainingRows: 221000,
		Rows:         27315,
		Estimates:    []metric.Estimate{{Metric: "roc_auc", Value: 0.71, Low: 0.702, High: 0.718, Level: 0.95, N: 27315, Positives: 4210}},
		Slices: []evaluation.Slice{{Feature: "origin", Level: "JFK", Estimates: []metric.Estimate{
			{Metric: "roc_auc", Value: 0.69, Low: 0.675, High: 0.705, Level: 0.95, N: 9100, Positives: 1300},
		}}},
		Reliability: []metric.Bin{{N: 27315, Positives: 4210, MeanPredicted: 0.15, ObservedRate: 0.154, Low: 0.15, High: 0.158}},
		Residuals:   []metric.ResidualBin{},
		Split:       evaluation.Split{Kind: evaluation.SplitTime, ComparedRows: 27315, LabelDelaySeconds: 14400},
		Leakage:     evaluation.Leakage{Features: 12, Rows: 27315, Signals: []evaluation.Signal{}},
		Contract:    evaluation.Contract{Checks: 31, Rows: 262144},
		Honesty: evaluation.Honesty{StaticPassed: true, FeaturesChecked: 12, Dynamic: evaluation.Certificate{
			Passed: true, CutOffs: []time.Time{day(3, 1), day(6, 10)}, Observations: 4000, Features: 12, RowsRemoved: 310000, RowsScrambled: 310000,
			Sample: 2000, Seed: 42, SnapshotDigest: "sha256:" + strings.Repeat("0", 64), DefinitionsDigest: "sha256:" + strings.Repeat("1", 64),
		}},
	}
}

func regression() evaluation.Report {
	r := report()
	r.Task = metric.Regression
	r.Estimates = []metric.Estimate{{Metric: "rmse", Value: 61.2, Low: 58, High: 64.3, Level: 0.95, N: 27315}}
	r.Slices, r.Reliability = []evaluation.Slice{}, []metric.Bin{}
	r.Residuals = []metric.ResidualBin{{N: 27315, MeanPredicted: 210, MeanResidual: -2, Low: -3, High: -1, P10: -70, P90: 61}}
	return r
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	data, err := evaluation.Write(report())
	if err != nil {
		t.Fatal(err)
	}
	read, err := evaluation.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(report(), read); diff != "" {
		t.Error(diff)
	}

	numbers := regression()
	data, err = evaluation.Write(numbers)
	if err != nil {
		t.Fatal(err)
	}
	if read, err = evaluation.Read(data); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(numbers, read); diff != "" {
		t.Error(diff)
	}

	sparse := report()
	sparse.Format, sparse.Slices, sparse.Reliability, sparse.Residuals = "", nil, nil, nil
	sparse.Honesty.Dynamic = evaluation.Certificate{}
	berlin := time.FixedZone("", 7200)
	sparse.Period = evaluation.Period{From: sparse.Period.From.In(berlin), To: sparse.Period.To.In(berlin)}
	data, err = evaluation.Write(sparse)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"cut_offs":[]`, `"slices":[]`, `"reliability":[]`, `"residuals":[]`, `"format":"linecook.evaluation/v1"`, `"2013-09-01T00:00:00Z"`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("%s lacks %s", data, want)
		}
	}
}

// compare gives a report a comparison that can be written.
func compare(r *evaluation.Report) *evaluation.Comparison {
	r.Comparison = &evaluation.Comparison{
		Version: "1.0.0", BundleID: "sha256:" + strings.Repeat("2", 64), Stage: "prod", Trained: r.Training, Period: r.Period, Rows: r.Rows,
		Differences: []evaluation.SliceDifference{{Difference: metric.Difference{Metric: "roc_auc", Value: 0.01, Low: 0, High: 0.02, Level: 0.95, N: int(r.Rows)}}},
	}
	return r.Comparison
}

func TestAComparisonIsRead(t *testing.T) {
	r := report()
	compare(&r)
	data, err := evaluation.Write(r)
	if err != nil {
		t.Fatal(err)
	}
	read, err := evaluation.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, read); diff != "" {
		t.Error(diff)
	}
}

// Neither Write nor Read takes a report that a number could hide in.
func TestRefused(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	cases := map[string]struct {
		spoil func(*evaluation.Report)
		want  string
	}{
		"no task":                   {func(r *evaluation.Report) { r.Task = "" }, `task is ""`},
		"no training period":        {func(r *evaluation.Report) { r.Training = evaluation.Period{} }, "training period"},
		"a period backwards":        {func(r *evaluation.Report) { r.Period.From, r.Period.To = r.Period.To, r.Period.From }, "evaluation period"},
		"a gap below zero":          {func(r *evaluation.Report) { r.GapSeconds = -1 }, "gap_seconds"},
		"no rows":                   {func(r *evaluation.Report) { r.Rows = 0 }, "rows"},
		"no training rows":          {func(r *evaluation.Report) { r.TrainingRows = 0 }, "training_rows"},
		"no estimates":              {func(r *evaluation.Report) { r.Estimates = nil }, "no estimate"},
		"an estimate twice":         {func(r *evaluation.Report) { r.Estimates = append(r.Estimates, r.Estimates[0]) }, "twice"},
		"an estimate of nothing":    {func(r *evaluation.Report) { r.Estimates[0].Metric = "" }, "names no metric"},
		"an estimate on nothing":    {func(r *evaluation.Report) { r.Estimates[0].N = 0 }, "roc_auc"},
		"value NaN":                 {func(r *evaluation.Report) { r.Estimates[0].Value = nan }, "roc_auc for all rows is NaN"},
		"low end -Inf":              {func(r *evaluation.Report) { r.Estimates[0].Low = -inf }, "-Inf"},
		"high end Inf":              {func(r *evaluation.Report) { r.Estimates[0].High = inf }, "Inf"},
		"interval backwards":        {func(r *evaluation.Report) { r.Estimates[0].Low = 0.9 }, "must not exceed"},
		"level of percent":          {func(r *evaluation.Report) { r.Estimates[0].Level = 95 }, "level"},
		"a slice of nothing":        {func(r *evaluation.Report) { r.Slices[0].Feature = " " }, "names no feature"},
		"a slice twice":             {func(r *evaluation.Report) { r.Slices = append(r.Slices, r.Slices[0]) }, "origin=JFK is there twice"},
		"a slice without numbers":   {func(r *evaluation.Report) { r.Slices[0].Estimates = nil }, "origin=JFK holds no estimate"},
		"a slice at NaN":            {func(r *evaluation.Report) { r.Slices[0].Estimates[0].High = nan }, "slice origin=JFK"},
		"an empty bin":              {func(r *evaluation.Report) { r.Reliability[0].N = 0 }, "reliability bin 0"},
		"more events than rows":     {func(r *evaluation.Report) { r.Reliability[0].Positives = 27316 }, "reliability bin 0"},
		"a bin beyond one":          {func(r *evaluation.Report) { r.Reliability[0].ObservedRate = 1.1 }, "reliability bin 0"},
		"a bin at NaN":              {func(r *evaluation.Report) { r.Reliability[0].MeanPredicted = nan }, "reliability bin 0"},
		"residuals of classes":      {func(r *evaluation.Report) { r.Residuals = regression().Residuals }, "a report of classification"},
		"reliability of numbers":    {func(r *evaluation.Report) { *r = regression(); r.Reliability = report().Reliability }, "a report of regression"},
		"a residual of one row":     {func(r *evaluation.Report) { *r = regression(); r.Residuals[0].N = 1 }, "residual bin 0"},
		"a residual at NaN":         {func(r *evaluation.Report) { *r = regression(); r.Residuals[0].High = nan }, "residual bin 0"},
		"a residual backwards":      {func(r *evaluation.Report) { *r = regression(); r.Residuals[0].P90 = -71 }, "residual bin 0"},
		"a proof at no cut-off":     {func(r *evaluation.Report) { r.Honesty.Dynamic.CutOffs = nil }, "cannot have passed on 0 cut-offs"},
		"a proof of nothing":        {func(r *evaluation.Report) { r.Honesty.Dynamic.Observations = 0 }, "cannot have passed"},
		"a proof without rows":      {func(r *evaluation.Report) { r.Honesty.Dynamic.RowsScrambled = 0 }, "cannot have passed"},
		"a proof of no snapshot":    {func(r *evaluation.Report) { r.Honesty.Dynamic.SnapshotDigest = "" }, "cannot have passed"},
		"a proof of others":         {func(r *evaluation.Report) { r.Honesty.Dynamic.Features = 11 }, "over 11 features, and 12 were checked"},
		"a proof below zero":        {func(r *evaluation.Report) { r.Honesty.Dynamic.RowsRemoved = -1 }, "rows_removed"},
		"cut-offs backwards":        {func(r *evaluation.Report) { slices.Reverse(r.Honesty.Dynamic.CutOffs) }, "cut-off 2"},
		"a cut-off twice":           {func(r *evaluation.Report) { r.Honesty.Dynamic.CutOffs[1] = r.Honesty.Dynamic.CutOffs[0] }, "cut-off 2"},
		"a cut-off at no time":      {func(r *evaluation.Report) { r.Honesty.Dynamic.CutOffs[0] = time.Time{} }, "cut-off 1"},
		"compared with no version":  {func(r *evaluation.Report) { compare(r).Version = "latest" }, "comparison is with no version"},
		"compared with no bundle":   {func(r *evaluation.Report) { compare(r).BundleID = "" }, "no digest"},
		"compared on no stage":      {func(r *evaluation.Report) { compare(r).Stage = "" }, "on which stage"},
		"compared on other rows":    {func(r *evaluation.Report) { compare(r).Rows-- }, "must be the same"},
		"compared in another time":  {func(r *evaluation.Report) { compare(r).Period = r.Training }, "must be the same"},
		"compared with its trainee": {func(r *evaluation.Report) { compare(r).Trained.To = r.Period.To }, "must not begin before"},
		"compared by nothing":       {func(r *evaluation.Report) { compare(r).Differences = nil }, "holds no difference"},
		"a difference at NaN":       {func(r *evaluation.Report) { compare(r).Differences[0].Low = nan }, "not a finite interval"},
		"a difference backwards":    {func(r *evaluation.Report) { compare(r).Differences[0].Low = 1 }, "the difference of roc_auc"},
		"a difference twice":        {func(r *evaluation.Report) { c := compare(r); c.Differences = append(c.Differences, c.Differences[0]) }, "twice"},
		"a difference on more rows": {func(r *evaluation.Report) { compare(r).Differences[0].N = 1 << 30 }, "the difference of roc_auc"},
		"fewer errors than none":    {func(r *evaluation.Report) { r.Contract.Errors = -1 }, "contract errors"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			r := report()
			test.spoil(&r)
			_, err := evaluation.Write(r)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that names %s", err, test.want)
			}
		})
	}
}

func TestReadRefusesWhatWriteWouldNotWrite(t *testing.T) {
	good, err := evaluation.Write(report())
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, with string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("the report lacks %s", old)
		}
		return strings.Replace(string(good), old, with, 1)
	}
	for name, text := range map[string]string{
		"nothing":           "",
		"not JSON":          "\x00\xff",
		"null":              "null",
		"an empty object":   "{}",
		"space":             string(good) + "\n",
		"a key too many":    replace(`"rows":27315`, `"rows":27315,"rowz":1`),
		"a key in capitals": replace(`"rows":27315`, `"Rows":27315`),
		"a key twice":       replace(`"rows":27315`, `"rows":27315,"rows":27315`),
		"no proof":          replace(`"dynamic"`, `"dinamic"`),
		"a key too few":     replace(`"gap_seconds":86400,`, ``),
		"a number as text":  replace(`"low":0.702`, `"low":"0.702"`),
		"null for a number": replace(`"low":0.702`, `"low":null`),
		"another form":      replace(evaluation.Format, "linecook.evaluation/v2"),
		"another zone":      replace(`"2013-09-01T00:00:00Z"`, `"2013-09-01T02:00:00+02:00"`),
	} {
		if _, err := evaluation.Read([]byte(text)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	good, err := evaluation.Write(report())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"format":"linecook.evaluation/v1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := evaluation.Read(data)
		if err != nil {
			return
		}
		again, err := evaluation.Write(r)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("read %q and wrote %q, error %v", data, again, err)
		}
	})
}
