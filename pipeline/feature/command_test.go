package feature_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Orders of three days are decided when they come in; how long each took is known
// an hour later. Prices are known half an hour after they were set.
const (
	ordersSQL = `SELECT * FROM (VALUES
		(DATE '2024-03-01', 1, 'a', TIMESTAMP '2024-03-01 09:00:00', 5.0),
		(DATE '2024-03-01', 2, 'b, "c"', TIMESTAMP '2024-03-01 10:00:00', 7.5),
		(DATE '2024-03-02', 3, NULL, TIMESTAMP '2024-03-02 09:00:00', 0.1),
		(DATE '2024-03-02', 4, 'a', TIMESTAMP '2024-03-02 08:00:00', 9.0),
		(DATE '2024-03-03', 5, 'a', TIMESTAMP '2024-03-03 08:00:00', NULL)) AS t(day, id, shop, ordered_at, minutes)`
	pricesSQL = `SELECT * FROM (VALUES
		('a', TIMESTAMP '2024-02-20 08:00:00', 1.5),
		('a', TIMESTAMP '2024-03-01 08:45:00', 2.5),
		('a', TIMESTAMP '2024-03-01 08:30:00', 3.5),
		('b', TIMESTAMP '2024-03-01 08:00:00', 4.5),
		('b', TIMESTAMP '2024-03-02 12:00:00', 5.5)) AS t(shop, set_at, price)`
)

func ordersPlan() feature.Plan {
	return feature.Plan{
		Observations: feature.Observations{Source: "orders", DecisionTime: "ordered_at", Key: []string{"id"}, Partition: "day"},
		Sources: []feature.Source{
			{Name: "orders", Select: ordersSQL, Columns: []string{"day", "id", "shop", "ordered_at", "minutes"}, EventTime: "ordered_at", KnownAt: "ordered_at",
				Later: []feature.Later{{Columns: []string{"minutes"}, KnownAt: "ordered_at + INTERVAL 1 HOUR"}}},
			{Name: "prices", Select: pricesSQL, Columns: []string{"shop", "set_at", "price"}, EventTime: "set_at", KnownAt: "set_at + INTERVAL 30 MINUTE"},
		},
		Definitions: []feature.Definition{
			{Name: "weight", Type: feature.Numeric, Command: "own"},
			{Name: "class", Type: feature.Categorical, Command: "own"},
		},
		Commands: []feature.Command{{
			Name: "own", Run: []string{"own.sh"}, Version: []string{"own.sh", "--version"}, Lock: "lock.txt",
			Observation: []string{"id", "shop"},
			Reads: []feature.Input{
				{Source: "orders", Columns: []string{"shop", "minutes"}, Within: mustDuration("2 days")},
				{Source: "prices", Columns: []string{"shop", "price"}, Within: mustDuration("1 day")},
			},
			Carried: []feature.Carried{{Path: "own.sh", Text: "#!/bin/sh\n"}, {Path: "lock.txt"}},
		}},
	}
}

func mustDuration(text string) feature.Duration {
	d, err := feature.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return d
}

// built builds the orders' features with a function for the program.
func built(t *testing.T, p feature.Plan, within feature.Range, run func(p feature.Program) (feature.Exit, error)) (*feature.Snapshot, error) {
	t.Helper()
	session, _, err := dataset.Open(t.Context(), dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if left, err := os.ReadDir(session.Scratch()); err != nil || len(left) > 0 {
			t.Errorf("left in the scratch folder: %v, %v", left, err)
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	}()
	p.Programs.Scratch = session.Scratch()
	p.Programs.Start = func(_ context.Context, program feature.Program) (feature.Exit, error) {
		if len(program.Run) == 2 && program.Run[1] == "--version" {
			return feature.Exit{Said: "own 1.0\n"}, nil
		}
		return run(program)
	}
	return p.Build(t.Context(), session.DB(), within)
}

// writes is a program that writes an output.
func writes(output string) func(feature.Program) (feature.Exit, error) {
	return func(p feature.Program) (feature.Exit, error) {
		return feature.Exit{}, os.WriteFile(filepath.Join(p.Folder, "output.csv"), []byte(output), 0o600)
	}
}

// A run is given what was known when the first order of its day came in, in a
// total order, and no label.
func TestWhatACommandIsGiven(t *testing.T) {
	var lock sync.Mutex
	given := map[string]map[string]string{}
	plan := ordersPlan()
	plan.Label = &feature.Label{Name: "slow", Expression: "minutes > 6", KnownAt: "ordered_at + INTERVAL 1 HOUR"}
	_, err := built(t, plan, feature.Range{To: "2024-03-02"}, func(p feature.Program) (feature.Exit, error) {
		files := map[string]string{}
		for _, name := range []string{"batch.json", "observations.csv", "inputs/orders.csv", "inputs/prices.csv", "own.sh", "lock.txt"} {
			text, err := os.ReadFile(filepath.Join(p.Folder, name))
			if err != nil {
				return feature.Exit{}, err
			}
			files[name] = string(text)
		}
		var batch struct {
			Partition string `json:"partition"`
		}
		if err := json.Unmarshal([]byte(files["batch.json"]), &batch); err != nil {
			return feature.Exit{}, err
		}
		lock.Lock()
		given[batch.Partition] = files
		lock.Unlock()
		if info, err := os.Stat(filepath.Join(p.Folder, "own.sh")); err != nil || info.Mode()&0o100 == 0 {
			return feature.Exit{}, fmt.Errorf("own.sh cannot be run: %w", err)
		}
		return writes("__id,weight,class\n1,1,x\n2,2,y\n")(p)
	})
	if err != nil {
		t.Fatal(err)
	}
	for partition, files := range map[string]map[string]string{
		"2024-03-01": {
			"batch.json":        `{"as_of":"2024-03-01T09:00:00Z","command":"own","features":{"class":"VARCHAR","weight":"DOUBLE"},"inputs":{"orders":"inputs/orders.csv","prices":"inputs/prices.csv"},"observations":"observations.csv","output":"output.csv","partition":"2024-03-01"}`,
			"observations.csv":  "__id,__decided_at,id,shop\n1,2024-03-01 09:00:00,1,a\n2,2024-03-01 10:00:00,2,\"b, \"\"c\"\"\"\n",
			"inputs/orders.csv": "__event_at,__known_at,shop,minutes\n2024-03-01 09:00:00,2024-03-01 09:00:00,a,\n",
			"inputs/prices.csv": "__event_at,__known_at,shop,price\n2024-03-01 08:00:00,2024-03-01 08:30:00,b,4.5\n2024-03-01 08:30:00,2024-03-01 09:00:00,a,3.5\n",
			"own.sh":            "#!/bin/sh\n", "lock.txt": "",
		},
		"2024-03-02": {
			"observations.csv":  "__id,__decided_at,id,shop\n1,2024-03-02 08:00:00,4,a\n2,2024-03-02 09:00:00,3,\n",
			"inputs/orders.csv": "__event_at,__known_at,shop,minutes\n2024-03-01 09:00:00,2024-03-01 09:00:00,a,5.0\n2024-03-01 10:00:00,2024-03-01 10:00:00,\"b, \"\"c\"\"\",7.5\n2024-03-02 08:00:00,2024-03-02 08:00:00,a,\n",
			"inputs/prices.csv": "__event_at,__known_at,shop,price\n2024-03-01 08:00:00,2024-03-01 08:30:00,b,4.5\n2024-03-01 08:30:00,2024-03-01 09:00:00,a,3.5\n2024-03-01 08:45:00,2024-03-01 09:15:00,a,2.5\n",
		},
	} {
		for name, want := range files {
			if got := given[partition][name]; got != want {
				t.Errorf("%s of %s is\n%s\nwant\n%s", name, partition, got, want)
			}
		}
	}
}

// What a command gives are the features, whatever the order of rows and columns.
func TestWhatACommandGives(t *testing.T) {
	s, err := built(t, ordersPlan(), feature.Range{To: "2024-03-01"}, writes("class,__id,weight\r\n,2,-0\r\n\"x, y\",1,1.5e-3\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	weight, class := s.Frame.Columns[0], s.Frame.Columns[1]
	if !slices.Equal(weight.Numbers, []float64{0.0015, 0}) || math.Signbit(weight.Numbers[1]) {
		t.Errorf("weight is %v", weight.Numbers)
	}
	if text, _ := class.Text(0); text != "x, y" || !class.Missing(1) {
		t.Errorf("class is %v", class)
	}
}

// Whatever a command does wrong ends the build with one sentence that says what.
func TestWhatACommandMayNotDo(t *testing.T) {
	exits := func(exit feature.Exit) func(feature.Program) (feature.Exit, error) {
		return func(feature.Program) (feature.Exit, error) { return exit, nil }
	}
	const header = "__id,weight,class\n"
	for name, c := range map[string]struct {
		run  func(feature.Program) (feature.Exit, error)
		want string
	}{
		"an exit code":   {exits(feature.Exit{Code: 3, Complained: "Traceback\n  File x\n\nValueError: no rows\n"}), "ended with exit code 3; it said last: Traceback |   File x | ValueError: no rows"},
		"without a word": {exits(feature.Exit{Code: 1}), "ended with exit code 1, and said nothing on its standard error"},
		"a signal":       {exits(feature.Exit{Code: -1, Signal: "SIGKILL"}), "was ended by the signal SIGKILL"},
		"too long":       {exits(feature.Exit{TimedOut: true}), "took longer than 10 minutes"},
		"not there":      {func(feature.Program) (feature.Exit, error) { return feature.Exit{}, feature.ErrNoProgram }, `cannot be run, "own.sh": there is no such program`},
		"no output":      {exits(feature.Exit{}), "wrote no output.csv"},
		"a link for output": {func(p feature.Program) (feature.Exit, error) {
			return feature.Exit{}, os.Symlink("/etc/passwd", filepath.Join(p.Folder, "output.csv"))
		}, "made output.csv something other than a file"},
		"a folder for output": {func(p feature.Program) (feature.Exit, error) {
			return feature.Exit{}, os.Mkdir(filepath.Join(p.Folder, "output.csv"), 0o700)
		}, "made output.csv something other than a file"},
		"nothing in it":        {writes(""), "left output.csv empty"},
		"no CSV":               {writes(header + "1,\"2\n"), "wrote an output.csv that is no CSV: "},
		"a row too short":      {writes(header + "1,2\n"), "wrong number of fields"},
		"no UTF-8":             {writes(header + "1,2,\xff\n2,2,b\n"), "which is no UTF-8"},
		"a column too many":    {writes("__id,weight,class,label\n"), `wrote a column "label" into output.csv, which nobody asked for`},
		"a column twice":       {writes("__id,weight,class,class\n"), "wrote the column class twice"},
		"a column too few":     {writes("__id,weight\n"), "wrote no column class"},
		"no identifier":        {writes("weight,class\n"), "wrote no column __id"},
		"an empty identifier":  {writes(header + ",1,x\n"), "gave a row without an __id"},
		"a strange identifier": {writes(header + "1,1,x\n01,1,x\n"), `gave a row for __id "01", and there are 1 to 2`},
		"a row too many":       {writes(header + "1,1,x\n2,1,x\n3,1,x\n"), `gave a row for __id "3", and there are 1 to 2`},
		"a row twice":          {writes(header + "1,1,x\n1,1,x\n"), "gave two rows for __id 1"},
		"a row too few":        {writes(header + "1,1,x\n"), "gave no row for 1 of 2 observations, first __id 2: id 2, decided at 2024-03-01T10:00:00Z"},
		"a text for a number":  {writes(header + "1,one,x\n2,1,x\n"), `gave __id 1 the value "one" for weight, which is no number`},
		"a hexadecimal number": {writes(header + "1,0x10,x\n2,1,x\n"), "which is no number"},
		"NaN":                  {writes(header + "1,nan,x\n2,1,x\n"), "leave it empty where the value is missing"},
		"infinity":             {writes(header + "1,-Infinity,x\n2,1,x\n"), "leave it empty where the value is missing"},
		"a number too large":   {writes(header + "1,1e400,x\n2,1,x\n"), "is beyond the numbers that a model takes"},
		"a number too long":    {writes(header + "1,9007199254740993,x\n2,1,x\n"), "it would become 9007199254740992"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := built(t, ordersPlan(), feature.Range{To: "2024-03-01"}, c.run)
			if err == nil || !dataset.Unreadable(err) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			f := ordersPlan().Unreadable(err, "the features", func(path ...any) report.Position { return report.Position{File: fmt.Sprintln(path...)} })
			if f.Code != "feature/command" || !strings.HasPrefix(f.Position.File, "commands 0 ") || !strings.Contains(f.Message, "command own for partition 2024-03-01") {
				t.Errorf("the finding is %+v", f)
			}
		})
	}
}

// Of several days that fail the first is named, whatever the number of
// processors.
func TestTheFirstDayThatFailsIsNamed(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for range 20 {
		_, err := built(t, ordersPlan(), feature.Range{}, func(feature.Program) (feature.Exit, error) { return feature.Exit{Code: 1}, nil })
		if err == nil || !strings.Contains(err.Error(), "for partition 2024-03-01 ") {
			t.Fatal(err)
		}
	}
}

// echo is a program whose features depend on all that it is given.
func echo(p feature.Program) (feature.Exit, error) {
	read := func(name string) ([]string, error) {
		text, err := os.ReadFile(filepath.Join(p.Folder, name))
		return strings.Split(strings.TrimSpace(string(text)), "\n")[1:], err
	}
	prices, err := read("inputs/prices.csv")
	if err != nil {
		return feature.Exit{}, err
	}
	orders, err := read("inputs/orders.csv")
	if err != nil {
		return feature.Exit{}, err
	}
	observations, err := read("observations.csv")
	if err != nil {
		return feature.Exit{}, err
	}
	var out strings.Builder
	out.WriteString("__id,weight,class\n")
	for i, row := range observations {
		fmt.Fprintf(&out, "%d,%d.%d,%s\n", i+1, len(prices), len(orders), strings.ReplaceAll(strings.ReplaceAll(row, ",", " "), "\"", "'"))
	}
	return writes(out.String())(p)
}

// A day alone comes out as it does among the others: there is one way.
func TestADayByItselfIsTheSame(t *testing.T) {
	all, err := built(t, ordersPlan(), feature.Range{}, echo)
	if err != nil {
		t.Fatal(err)
	}
	row := 0
	for _, day := range []string{"2024-03-01", "2024-03-02", "2024-03-03"} {
		one, err := built(t, ordersPlan(), feature.Day(day), echo)
		if err != nil {
			t.Fatal(err)
		}
		for i := range one.Frame.Rows {
			class, _ := all.Frame.Columns[1].Text(row)
			alone, _ := one.Frame.Columns[1].Text(i)
			if math.Float64bits(all.Frame.Columns[0].Numbers[row]) != math.Float64bits(one.Frame.Columns[0].Numbers[i]) || class != alone {
				t.Errorf("observation %d of %s is %v %q by itself and %v %q among all", i, day, one.Frame.Columns[0].Numbers[i], alone, all.Frame.Columns[0].Numbers[row], class)
			}
			row++
		}
	}
	if row != all.Frame.Rows || row != 5 {
		t.Errorf("%d observations were compared, of %d", row, all.Frame.Rows)
	}
}

// Parquet keeps types on both sides.
func TestParquetIsExchanged(t *testing.T) {
	plan := ordersPlan()
	plan.Commands[0].Format = feature.Parquet
	in := func(query string) func(feature.Program) (feature.Exit, error) {
		return func(p feature.Program) (exit feature.Exit, err error) {
			session, _, err := dataset.Open(t.Context(), dataset.Options{WriteDirs: []string{p.Folder}})
			if err != nil {
				return exit, err
			}
			_, err = session.DB().ExecContext(t.Context(), strings.ReplaceAll(query, "FOLDER", p.Folder))
			return exit, errors.Join(err, session.Close())
		}
	}
	give := func(columns string) func(feature.Program) (feature.Exit, error) {
		return in("COPY (SELECT " + columns + " FROM read_parquet('FOLDER/observations.parquet') o) TO 'FOLDER/output.parquet' (FORMAT parquet)")
	}
	s, err := built(t, plan, feature.Range{To: "2024-03-02"}, give(`__id, shop AS class,
		(SELECT sum(price) FROM read_parquet('FOLDER/inputs/prices.parquet') p WHERE p.shop = o.shop)::FLOAT AS weight`))
	if err != nil {
		t.Fatal(err)
	}
	if numbers := s.Frame.Columns[0].Numbers; numbers[0] != 3.5 || !math.IsNaN(numbers[1]) || numbers[2] != 6 {
		t.Errorf("weight is %v", numbers)
	}
	if text, _ := s.Frame.Columns[1].Text(1); text != `b, "c"` || !s.Frame.Columns[1].Missing(3) {
		t.Errorf("class is %v", s.Frame.Columns[1])
	}
	for columns, want := range map[string]string{
		"__id, 'x' AS class, 'y' AS weight":              "gave weight another type in output.parquet: it is VARCHAR, and must be a number",
		"__id, 1 AS class, 1 AS weight":                  "gave class the type INTEGER in output.parquet; a categorical feature is a text",
		"__id, 'x' AS class, 9007199254740993 AS weight": "it would become 9007199254740992",
		"__id, 'x' AS class, 'nan'::DOUBLE AS weight":    "leave it empty",
		"__id, 'x' AS class":                             "wrote no column weight",
		"NULL AS __id, 'x' AS class, 1 AS weight":        "gave a row without an __id",
	} {
		if _, err := built(t, plan, feature.Range{To: "2024-03-01"}, give(columns)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", columns, err, want)
		}
	}
	broken := func(p feature.Program) (feature.Exit, error) {
		return feature.Exit{}, os.WriteFile(filepath.Join(p.Folder, "output.parquet"), []byte("PAR1"), 0o600)
	}
	if _, err := built(t, plan, feature.Range{To: "2024-03-01"}, broken); err == nil || !dataset.Unreadable(err) || !strings.Contains(err.Error(), "wrote an output.parquet that is no Parquet") {
		t.Error(err)
	}
}

// Scoring demands the environment that training had.
func TestTheEnvironmentMustAnswerTheSame(t *testing.T) {
	for answer, want := range map[string]string{
		"own 1.0":          "",
		"":                 "",
		"own 0.9":          `it answers "own 1.0", and answered "own 0.9"`,
		"own 1.0\nlib 2.0": `it answers "", and answered "lib 2.0"`,
	} {
		plan := ordersPlan()
		plan.Commands[0].Answer = answer
		_, err := built(t, plan, feature.Range{}, echo)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("trained with %q: error %v, want %q", answer, err, want)
		}
	}
}

// A plan's text brings back its commands, and none whose files lead elsewhere.
func TestCommandsInAPlansText(t *testing.T) {
	plan := ordersPlan()
	plan.Commands = append(plan.Commands, feature.Command{Name: "unused"})
	plan.Commands[0].Answer = "own 1.0"
	text, err := plan.Text()
	if err != nil {
		t.Fatal(err)
	}
	_, commands, err := feature.ReadText(text)
	if err != nil || len(commands) != 1 || !reflect.DeepEqual(commands[0], plan.Commands[0]) {
		t.Errorf("%+v, error %v, want %+v", commands, err, plan.Commands[0])
	}
	for _, path := range []string{"../own.sh", "/etc/own.sh", "a/../../own.sh", "a//b", ""} {
		plan.Commands[0].Carried[0].Path = path
		text, err := plan.Text()
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := feature.ReadText(text); err == nil || !strings.Contains(err.Error(), "no plain path") {
			t.Errorf("%q: error %v", path, err)
		}
	}
}
