package contracts

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // the engine of the plain aggregate

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
)

// Each work is done by a process of its own, which TestMain starts when this
// variable names it. It prints its wall-clock milliseconds.
const workVariable = "LINECOOK_BENCHMARK_WORK"

var (
	turns  = flag.Int("turns", 3, "how often each work is done; the median counts")
	folder = flag.String("folder", "", "where the table is kept (default a temporary folder)")
)

func TestMain(m *testing.M) {
	work := os.Getenv(workVariable)
	if work == "" {
		flag.Parse()
		os.Exit(m.Run())
	}
	name, file, _ := strings.Cut(work, " ")
	start := time.Now()
	if err := works[name](file); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(time.Since(start).Milliseconds())
}

var works = map[string]func(file string) error{"write": writeTable, "aggregate": aggregate, "check": check}

// aggregate is what the check is measured against.
func aggregate(file string) (err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	relation := "read_parquet(" + dataset.Literal(file) + ")"
	if filepath.Ext(file) == ".csv" {
		types := make([]string, len(columns))
		for i, c := range columns {
			types[i] = dataset.Literal(c.name) + ": " + dataset.Literal(c.duck)
		}
		relation = "read_csv(" + dataset.Literal(file) + ", auto_detect=false, header=true, delim=',', quote='\"', escape='\"', columns={" + strings.Join(types, ", ") + "})"
	}
	var summaries []string
	for _, c := range columns {
		name := dataset.Identifier(c.name)
		summaries = append(summaries, "count("+name+")", "min("+name+")", "max("+name+")")
	}
	rows, err := db.Query("SELECT " + strings.Join(summaries, ", ") + " FROM " + relation)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if !rows.Next() {
		return errors.Join(errors.New("no row"), rows.Err())
	}
	return rows.Err()
}

// check is `linecook contract check` without the program around it.
func check(file string) (err error) {
	ctx := context.Background()
	path := filepath.Join(filepath.Dir(file), "bench.odcs.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	rules, findings := contract.Parse(path, text)
	if rules == nil {
		return fmt.Errorf("the contract is not sound: %v", findings)
	}
	session, findings, err := dataset.Open(ctx, dataset.Options{Root: filepath.Dir(file)}, dataset.Spec{Name: "bench", Paths: []string{filepath.Base(file)}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if len(findings) > 0 {
		return fmt.Errorf("%v", findings)
	}
	result, err := contract.Check(ctx, session, session.Table("bench"), rules, contract.CheckOptions{})
	if err == nil && (result.Rows != tableRows || len(result.Findings) > 0) {
		err = fmt.Errorf("%d rows, findings %v", result.Rows, result.Findings)
	}
	return err
}

// A measurement is one work done once.
type measurement struct {
	took, cpu time.Duration
	peak      float64 // megabytes of resident memory
}

func run(b *testing.B, work, file string) measurement {
	b.Helper()
	program, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	command := exec.Command(program)
	command.Env = append(os.Environ(), workVariable+"="+work+" "+file)
	var out, log bytes.Buffer
	command.Stdout, command.Stderr = &out, &log
	if err := command.Run(); err != nil {
		b.Fatalf("%s: %v\n%s", work, err, log.String())
	}
	milliseconds, err := strconv.Atoi(strings.TrimSpace(out.String()))
	if err != nil {
		b.Fatal(err)
	}
	m := measurement{took: time.Duration(milliseconds) * time.Millisecond, cpu: command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		m.peak = float64(usage.Maxrss) / 1024 // Linux counts in kilobytes
	}
	return m
}

// median is that of each number by itself.
func median(list []measurement) measurement {
	middle := func(of func(measurement) float64) float64 {
		values := make([]float64, len(list))
		for i, m := range list {
			values[i] = of(m)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return measurement{
		took: time.Duration(middle(func(m measurement) float64 { return float64(m.took) })),
		cpu:  time.Duration(middle(func(m measurement) float64 { return float64(m.cpu) })),
		peak: middle(func(m measurement) float64 { return m.peak }),
	}
}

// BenchmarkCheck reports, for CSV and Parquet, the rows per second and the peak
// memory of the check and of the plain aggregate, and how many times as long the
// check takes.
func BenchmarkCheck(b *testing.B) {
	into := *folder
	if into == "" {
		into = b.TempDir()
	}
	if _, err := os.Stat(filepath.Join(into, "bench.odcs.yaml")); err != nil {
		run(b, "write", into)
	}
	for _, format := range []string{"csv", "parquet"} {
		b.Run(format, func(b *testing.B) {
			file := filepath.Join(into, "bench."+format)
			for b.Loop() {
				var plain, checked []measurement
				for range *turns {
					plain = append(plain, run(b, "aggregate", file))
					checked = append(checked, run(b, "check", file))
				}
				p, c := median(plain), median(checked)
				b.ReportMetric(tableRows/p.took.Seconds(), "aggregate-rows/s")
				b.ReportMetric(tableRows/c.took.Seconds(), "check-rows/s")
				b.ReportMetric(p.peak, "aggregate-peak-MB")
				b.ReportMetric(c.peak, "check-peak-MB")
				b.ReportMetric(float64(c.took)/float64(p.took), "times-the-aggregate")
				b.ReportMetric(float64(c.cpu)/float64(p.cpu), "times-its-cpu")
			}
			b.ReportMetric(0, "ns/op") // the time of all turns together says nothing
		})
	}
}
