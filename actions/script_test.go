package actions_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	_ "github.com/duckdb/duckdb-go/v2" // the engine of the command duckdb
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/linecook-ml/linecook/actions"
	"github.com/linecook-ml/linecook/actions/internal/attestation/attestationtest"
	"github.com/linecook-ml/linecook/actions/internal/github/githubtest"
)

// TestMain lets scripts run linecook, and a small duckdb to make and look at
// data with, as programs of their own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"linecook": func() {
			os.Exit(actions.Main(os.Args[1:], os.Stdout, os.Stderr, os.Getenv, time.Now))
		},
		"linecook-without-clock": func() {
			os.Exit(actions.Main(os.Args[1:], os.Stdout, os.Stderr, os.Getenv, func() time.Time { panic("the clock is broken") }))
		},
		"duckdb": func() {
			if err := duckdb(os.Args[1]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		},
		"put": func() {
			if err := put(os.Args[1], os.Args[2], os.Args[3]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		},
		"outputs": func() {
			if err := outputs(os.Args[1]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		},
	})
}

// TestScripts runs testdata/script/*.txtar: the program as people and runners
// meet it. The condition [servers] holds where .ci/servers runs the tests. Beside
// testscript's own commands there are
//
//	exits CODE PROGRAM ARGUMENT...   the program ends with exactly that code
//	shop, bank, example [NAME]       a pipeline with its data in the current folder
//	linecook-without-clock ARGUMENT...   linecook with a bug: it panics when asked for the time
//	github                           a repository on GitHub, which the environment names
//	tags NAME...                     the repository has exactly these tags
//	merged NUMBER AUTHOR FILE        a pull request whose merge made the commit that a file names
//	review NUMBER PERSON STATE       somebody who may write reviews it, or thinks again
//	attest [ARCHIVE WORKFLOW REF FILE]   the only signed statement: a workflow built it for a ref, from a commit
//	dispatched ID FILE TITLE [PERSON]   the environment of a run that promotes, as GitHub knows it, for the commit in a file
//	ended ID ATTEMPT CONCLUSION      how the step of a run's attempt ended that promotes; the environment is that attempt's
//	forge NAME FROM                  a tag is pushed by hand, with the record of another under its number
//	untag NAME                       a tag is deleted
//	serve ARGUMENT...                trains 1.0.0 as of 2024-04-01 and takes it to prod
//	put BUCKET KEY FILE              puts an object into the S3 store, and makes its bucket
//	empty FOLDER                     fails if something is in it
//	duckdb FILE.sql                  runs SQL; the last statement's rows go to stdout
//	edit FILE OLD NEW                replaces the one place where OLD stands
//	flip FILE OFFSET                 inverts one byte
//	json FILE PATH WANT              a value in a JSON file, as in findings.0.code; # counts
//	outputs FILE                     a runner's output file as sorted key=value lines
//	runner BRANCH FILE               the environment of a job for a branch, whose commit is in a file
//	whole FOLDER                     fails if an unfinished write was left below it
//
// and the condition [shared]: the reference data stand in ../shared.
func TestScripts(t *testing.T) {
	hub := &hub{t: t, authority: attestationtest.New(t), servers: map[string]*githubtest.Server{}}
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", "script"),
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			for _, name := range serverVariables {
				env.Setenv(name, os.Getenv(name))
			}
			return nil
		},
		Condition: func(condition string) (bool, error) {
			switch condition {
			case "shared":
				_, err := os.Stat(bikeData)
				return err == nil, nil
			case "servers":
				return os.Getenv("LINECOOK_TEST_SERVERS") != "", nil
			}
			return false, fmt.Errorf("there is no condition %s", condition)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":      exits,
			"shop":       openShop,
			"bank":       openBank,
			"example":    openExample,
			"github":     hub.open,
			"tags":       hub.tags,
			"merged":     hub.merged,
			"review":     hub.review,
			"attest":     hub.attest,
			"dispatched": hub.dispatched,
			"ended":      hub.ended,
			"forge":      hub.forge,
			"untag":      hub.untag,
			"serve":      serve,
			"edit":       edit,
			"flip":       flip,
			"json":       jsonValue,
			"runner":     runner,
			"whole":      whole,
			"empty":      empty,
		},
	})
}

// serverVariables say where .ci/servers has put its servers.
var serverVariables = []string{
	"PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE",
	"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION",
}

func runner(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: runner BRANCH FILE")
	}
	event := ts.MkAbs("event.json")
	ts.Check(os.WriteFile(event, []byte(`{"repository": {"default_branch": "main"}}`), 0o644))
	for key, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "octo/shop", "GITHUB_REF": "refs/heads/" + args[0], "GITHUB_SHA": strings.TrimSpace(ts.ReadFile(args[1])),
		"GITHUB_EVENT_PATH": event, "GITHUB_ACTOR": "ada", "GITHUB_TRIGGERING_ACTOR": "ada", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_RUN_ID": "1", "GITHUB_RUN_ATTEMPT": "1",
	} {
		ts.Setenv(key, value)
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGUMENT...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s did not run: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d\nstderr: %s", got, want, ts.ReadFile("stderr"))
	}
}

// serve is the part of most stories that comes before them. Its arguments are
// added to each command.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: serve ARGUMENT...")
	}
	for _, command := range [][]string{
		{"train", "--version", "1.0.0", "--until", "2024-04-01"},
		{"promote", "--version", "1.0.0", "--to", "dev"},
		{"promote", "--version", "1.0.0", "--to", "prod"},
	} {
		ts.Check(ts.Exec("linecook", append(command, args...)...))
	}
}

// duckdb runs the statements of a file, divided by lines that end in a
// semicolon, and prints the rows of the last as text, one a line.
func duckdb(file string) (err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ctx := context.Background()
	statements := strings.Split(strings.TrimSuffix(strings.TrimSpace(string(text)), ";"), ";\n")
	last := len(statements) - 1
	for _, statement := range statements[:last] {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	rows, err := db.QueryContext(ctx, statements[last])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]any, len(columns))
	places := make([]any, len(columns))
	for i := range values {
		places[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		cells := make([]string, len(values))
		for i, value := range values {
			cells[i] = fmt.Sprint(value)
			if date, ok := value.(time.Time); ok {
				cells[i] = date.Format(time.DateTime)
			}
		}
		fmt.Println(strings.Join(cells, "|"))
	}
	return rows.Err()
}

// outputs reads a GITHUB_OUTPUT file as the runner does, and prints its keys
// and values, sorted, one a line.
func outputs(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var found []string
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for len(lines) > 0 {
		key, delimiter, ok := strings.Cut(lines[0], "<<")
		end := slices.Index(lines[1:], delimiter)
		if !ok || end < 0 {
			return fmt.Errorf("%s: %q begins no block that ends", file, lines[0])
		}
		found = append(found, key+"="+strings.Join(lines[1:1+end], "\\n"))
		lines = lines[end+2:]
	}
	slices.Sort(found)
	for _, line := range found {
		fmt.Println(line)
	}
	return nil
}

func put(bucket, key, file string) error {
	content, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	endpoint, region := os.Getenv("AWS_ENDPOINT_URL"), os.Getenv("AWS_REGION")
	store := s3.New(s3.Options{BaseEndpoint: &endpoint, UsePathStyle: true, Region: region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY")}, nil
		})})
	ctx := context.Background()
	var exists *types.BucketAlreadyOwnedByYou
	if _, err := store.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}); err != nil && !errors.As(err, &exists) {
		return err
	}
	_, err = store.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: content})
	return err
}

func empty(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: empty FOLDER")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) > 0 {
		ts.Fatalf("%s has something in it: %s", args[0], entries[0].Name())
	}
}

func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if n := strings.Count(text, args[1]); n != 1 {
		ts.Fatalf("%q stands %d times in %s, want once", args[1], n, args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o644))
}

func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE OFFSET")
	}
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	data := []byte(ts.ReadFile(args[0]))
	if offset >= len(data) {
		ts.Fatalf("%s has only %d bytes", args[0], len(data))
	}
	data[offset] ^= 0xff
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o644))
}

// jsonValue compares one value of a JSON document, which must be the whole
// file, with a text. Against a pattern it is testscript's own stdout and grep.
func jsonValue(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: json FILE PATH WANT, with quotes around a PATH that has a #")
	}
	var document any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &document); err != nil {
		ts.Fatalf("%s is not one JSON document: %v", args[0], err)
	}
	got, err := lookUp(document, strings.Split(args[1], "."))
	if err != nil {
		ts.Fatalf("%s: %s: %v", args[0], args[1], err)
	}
	if (got == args[2]) == neg {
		ts.Fatalf("%s: %s is %q, and that is not what was wanted (%q)", args[0], args[1], got, args[2])
	}
}

func lookUp(value any, path []string) (string, error) {
	for _, key := range path {
		switch container := value.(type) {
		case map[string]any:
			child, ok := container[key]
			if !ok {
				return "", fmt.Errorf("there is no %s", key)
			}
			value = child
		case []any:
			if key == "#" {
				value = float64(len(container))
				continue
			}
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(container) {
				return "", fmt.Errorf("there is no element %s of %d", key, len(container))
			}
			value = container[i]
		default:
			return "", fmt.Errorf("nothing lies below %v", value)
		}
	}
	if text, ok := value.(string); ok {
		return text, nil
	}
	text, err := json.Marshal(value)
	return string(text), err
}

// whole walks a folder for what only an interrupted write leaves: a hidden
// name. A folder that is not there has none.
func whole(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: whole FOLDER")
	}
	root := ts.MkAbs(args[0])
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == root {
			return fs.SkipAll
		}
		if err == nil && path != root && strings.HasPrefix(filepath.Base(path), ".") {
			return fmt.Errorf("an unfinished write was left: %s", path)
		}
		return err
	})
	ts.Check(err)
}
