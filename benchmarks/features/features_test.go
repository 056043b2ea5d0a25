package features

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
)

var (
	events = flag.Int("events", 1_000_000, "how many events")
	turns  = flag.Int("turns", 3, "how often each tool is measured; the median counts")
	memory = flag.String("memory", "", "how much memory DuckDB may use in linecook, as in 1GB; as always unless said")
	peers  = flag.String("peers", "pandas,polars", "which peers to run beside linecook")
)

// folderVariable names the data's folder to the processes that TestMain starts,
// each of which measures linecook once.
const folderVariable = "LINECOOK_BENCHMARK_FEATURES"

// memoryVariable hands on -memory to them.
const memoryVariable = "LINECOOK_BENCHMARK_MEMORY"

// An outcome is what each tool prints: its time, and for each feature how many
// values it has and their sum.
type outcome struct {
	Seconds  float64               `json:"seconds"`
	Features map[string][2]float64 `json:"features"`
	// processor is seconds of processor time, of the whole process, and peak
	// megabytes of resident memory.
	processor, peak float64
}

func TestMain(m *testing.M) {
	folder := os.Getenv(folderVariable)
	if folder == "" {
		os.Exit(m.Run())
	}
	result, err := linecook(folder)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// linecook builds the features of all events and sums them up.
func linecook(folder string) (result outcome, err error) {
	ctx, start := context.Background(), time.Now()
	session, findings, err := dataset.Open(ctx, dataset.Options{Root: folder, Memory: os.Getenv(memoryVariable)},
		dataset.Spec{Name: "events", Paths: []string{"events.parquet"}}, dataset.Spec{Name: "readings", Paths: []string{"readings.parquet"}})
	if err != nil || len(findings) > 0 {
		return result, fmt.Errorf("%v %w", findings, err)
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	plan := feature.Plan{
		Observations: feature.Observations{Source: "events", DecisionTime: "t", Key: []string{"id"}, Partition: "day"},
		Definitions:  definitions(),
	}
	for _, name := range []string{"events", "readings"} {
		segment := session.Table(name).Segments[0]
		source := feature.Source{Name: name, Select: "SELECT * FROM " + segment.Relation(), EventTime: "t", KnownAt: "t"}
		for _, column := range segment.Columns {
			source.Columns = append(source.Columns, column.Name)
		}
		plan.Sources = append(plan.Sources, source)
	}
	snapshot, err := plan.Build(ctx, session.DB(), feature.Range{})
	if err != nil {
		return result, err
	}
	result = outcome{Seconds: time.Since(start).Seconds(), Features: map[string][2]float64{}}
	for i := range snapshot.Frame.Columns {
		column := &snapshot.Frame.Columns[i]
		var sum [2]float64
		for row, value := range column.Numbers {
			if !column.Missing(row) {
				sum[0]++
				sum[1] += value
			}
		}
		result.Features[column.Name] = sum
	}
	return result, nil
}

// definitions are the 20 features; peers.py has the same.
func definitions() []feature.Definition {
	var all []feature.Definition
	for _, value := range []string{"temperature", "humidity", "pressure", "wind"} {
		all = append(all, feature.Definition{Name: value, Type: feature.Numeric, Lookup: &feature.Lookup{
			Source: "readings", Value: value, By: []string{"station"}, Within: hours(6),
		}})
	}
	for _, w := range []struct {
		key, function, of, name string
		hours                   []int
	}{
		{"customer", "count", "", "count", []int{24, 168, 720}},
		{"customer", "mean", "amount", "amount", []int{24, 168, 720}},
		{"customer", "rate", "flag", "flag", []int{168, 720}},
		{"merchant", "count", "", "count", []int{1, 24, 168}},
		{"merchant", "mean", "amount", "amount", []int{1, 24, 168}},
		{"merchant", "rate", "flag", "flag", []int{24, 168}},
	} {
		for _, n := range w.hours {
			all = append(all, feature.Definition{
				Name: fmt.Sprintf("%s_%s_%dh", w.key, w.name, n), Type: feature.Numeric,
				Aggregate: &feature.Aggregate{Source: "events", Function: w.function, Of: w.of, By: []string{w.key}, Window: hours(n)},
			})
		}
	}
	return all
}

func hours(n int) feature.Duration {
	d, err := feature.ParseDuration(fmt.Sprintf("%d hours", n))
	if err != nil {
		panic(err)
	}
	return d
}

// write makes the events, over 90 days and each at a time of its own, and the
// readings of 100 stations, a tenth of which are missing.
func write(b *testing.B, folder string) {
	b.Helper()
	ctx := context.Background()
	session, _, err := dataset.Open(ctx, dataset.Options{WriteDirs: []string{folder}})
	if err != nil {
		b.Fatal(err)
	}
	step := int64(90 * 24 * time.Hour / time.Microsecond / time.Duration(*events))
	for name, query := range map[string]string{
		"events": fmt.Sprintf(`SELECT i AS id, TIMESTAMP '2013-01-01' + to_microseconds(i * %[1]d + (hash(i) %% %[1]d)::BIGINT) AS t, t::DATE AS day,
			(hash(i * 3) %% %[2]d)::BIGINT AS customer, (hash(i * 5) %% 200)::BIGINT AS merchant, (hash(i * 7) %% 100)::BIGINT AS station,
			(hash(i * 11) %% 100000)::BIGINT / 100 AS amount, hash(i * 13) %% 10 = 0 AS flag FROM range(%[3]d) r(i)`, step, max(1, *events/100), *events),
		"readings": `SELECT (i // 2160)::BIGINT AS station, TIMESTAMP '2013-01-01' + to_hours(i % 2160) + to_seconds((hash(i) % 3600)::BIGINT) AS t,
			(hash(i * 3) % 400)::BIGINT / 10 AS temperature, (hash(i * 5) % 100)::BIGINT::DOUBLE AS humidity,
			(hash(i * 7) % 1000)::BIGINT / 10 + 950 AS pressure, (hash(i * 11) % 300)::BIGINT / 10 AS wind
			FROM range(216000) r(i) WHERE hash(i * 13) % 10 > 0`,
	} {
		if _, err := session.DB().ExecContext(ctx, fmt.Sprintf("COPY (%s) TO %s (FORMAT parquet)", query, dataset.Literal(filepath.Join(folder, name+".parquet")))); err != nil {
			b.Fatal(err)
		}
	}
	if err := session.Close(); err != nil {
		b.Fatal(err)
	}
}

// measure runs a process that prints an outcome.
func measure(b *testing.B, command *exec.Cmd) outcome {
	b.Helper()
	var out, log bytes.Buffer
	command.Stdout, command.Stderr = &out, &log
	if err := command.Run(); err != nil {
		b.Fatalf("%s: %v\n%s", command, err, log.String())
	}
	var result outcome
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		b.Fatalf("%s: %v\n%s", command, err, out.String())
	}
	result.processor = (command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Seconds()
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		result.peak = float64(usage.Maxrss) / 1024 // Linux counts in kilobytes
	}
	return result
}

// python makes a virtual environment with the peers and returns its interpreter.
func python(b *testing.B) string {
	b.Helper()
	folder := b.TempDir()
	interpreter := filepath.Join(folder, "bin", "python")
	for _, command := range []*exec.Cmd{
		exec.Command("python3", "-m", "venv", folder),
		exec.Command(interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", "requirements.txt"),
	} {
		if out, err := command.CombinedOutput(); err != nil {
			b.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
	return interpreter
}

// sameFeatures holds a peer's features against linecook's, which are exact. A
// rolling mean that adds and takes away in floating point drifts: at 10 million
// events the sum of one in pandas is off by 1.4e-11 of itself.
func sameFeatures(b *testing.B, peer string, got, want outcome) {
	b.Helper()
	if len(got.Features) != len(want.Features) {
		b.Fatalf("%s has %d features, linecook %d", peer, len(got.Features), len(want.Features))
	}
	for name, w := range want.Features {
		if g := got.Features[name]; g[0] != w[0] || math.Abs(g[1]-w[1]) > 1e-9*math.Abs(w[1]) {
			b.Fatalf("feature %s: %s has %v values of sum %v, linecook %v of %v", name, peer, g[0], g[1], w[0], w[1])
		}
	}
}

// BenchmarkFeatures prints time and peak memory, with their ratio to linecook's.
func BenchmarkFeatures(b *testing.B) {
	folder := b.TempDir()
	write(b, folder)
	tools := []string{"linecook"}
	var interpreter string
	if *peers != "" {
		tools = append(tools, strings.Split(*peers, ",")...)
		interpreter = python(b)
	}
	program, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		outcomes := map[string][]outcome{}
		for range *turns {
			for _, tool := range tools {
				command := exec.Command(interpreter, "peers.py", tool, folder)
				if tool == "linecook" {
					command = exec.Command(program)
					command.Env = append(os.Environ(), folderVariable+"="+folder, memoryVariable+"="+*memory)
				}
				result := measure(b, command)
				outcomes[tool] = append(outcomes[tool], result)
				sameFeatures(b, tool, result, outcomes["linecook"][0])
			}
		}
		fmt.Printf("\n%d events, %d features, %d processors\n\n| tool | seconds | times linecook | processor seconds | peak MB | times linecook |\n|---|---|---|---|---|---|\n",
			*events, len(definitions()), runtime.NumCPU())
		var own outcome
		for _, tool := range tools {
			list := outcomes[tool]
			slices.SortFunc(list, func(a, b outcome) int { return int(math.Copysign(1, a.Seconds-b.Seconds)) })
			o := list[len(list)/2]
			if tool == "linecook" {
				own = o
			}
			fmt.Printf("| %s | %.1f | %.2f | %.1f | %.0f | %.2f |\n", tool, o.Seconds, o.Seconds/own.Seconds, o.processor, o.peak, o.peak/own.peak)
			b.ReportMetric(o.Seconds, tool+"-s")
			b.ReportMetric(o.peak, tool+"-peak-MB")
		}
	}
	b.ReportMetric(0, "ns/op") // the time of all turns together says nothing
}
