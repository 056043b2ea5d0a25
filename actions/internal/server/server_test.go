package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	store "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/linecook-ml/linecook/actions/internal/server"
	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// realServers skips a test where the servers are not up that .ci/servers starts.
func realServers(t *testing.T) {
	t.Helper()
	if os.Getenv("LINECOOK_TEST_SERVERS") == "" {
		t.Skip("no PostgreSQL and no S3 store to test with; run .ci/servers go test ./actions/internal/server")
	}
}

func access() server.Access {
	return server.Access{
		Postgres: func(host string, port int, database string) (*pgconn.Config, error) {
			return pgconn.ParseConfig(fmt.Sprintf("host=%s port=%d dbname=%s", host, port, database))
		},
		S3: server.S3Access{KeyID: os.Getenv("AWS_ACCESS_KEY_ID"), Secret: os.Getenv("AWS_SECRET_ACCESS_KEY")},
	}
}

// parse makes a contract with one server and one object.
func parse(t *testing.T, serverKeys, object string) *contract.Contract {
	t.Helper()
	text := "apiVersion: v3.1.0\nkind: DataContract\nid: c\nversion: 1.0.0\nstatus: active\nservers:\n  - {server: production, " + serverKeys + "}\nschema:\n  - " + object + "\n"
	c, findings := contract.Parse("c.odcs.yaml", []byte(text))
	if c == nil {
		t.Fatal(findings)
	}
	return c
}

// check finds the data and holds it against the contract; it lists what was
// found, and is nil where all is well.
func check(t *testing.T, c *contract.Contract) (found []string, rows int64) {
	t.Helper()
	ctx := context.Background()
	source, finding, err := server.Find(ctx, c, c.Schema[0].Name, "production", t.TempDir(), access())
	if err != nil {
		t.Fatal(err)
	}
	if finding != nil {
		return lines([]report.Finding{*finding}), 0
	}
	session, findings, err := dataset.Open(ctx, dataset.Options{Root: source.Root}, source.Spec)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	if len(findings) > 0 {
		return lines(findings), 0
	}
	result, err := contract.Check(ctx, session, session.Table(c.Schema[0].Name), c, contract.CheckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return lines(result.Findings), result.Rows
}

func lines(findings []report.Finding) (out []string) {
	for _, f := range findings {
		out = append(out, fmt.Sprintf("%s %s %d %q", f.Code, f.Column, f.Count, f.Samples))
	}
	return out
}

// prepare runs SQL in a schema of its own, which goes with the test.
func prepare(t *testing.T, schema, sql string) string {
	t.Helper()
	realServers(t)
	ctx := context.Background()
	connection, err := pgconn.Connect(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	quoted := dataset.Identifier(schema)
	if _, err := connection.Exec(ctx, "DROP SCHEMA IF EXISTS "+quoted+" CASCADE; CREATE SCHEMA "+quoted+"; SET search_path = "+quoted+"; "+sql).ReadAll(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := connection.Exec(ctx, "DROP SCHEMA "+quoted+" CASCADE").ReadAll()
		if err = errors.Join(err, connection.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
	return fmt.Sprintf("type: postgres, host: %s, port: %s, database: %s, schema: %s", os.Getenv("PGHOST"), os.Getenv("PGPORT"), os.Getenv("PGDATABASE"), strconv.Quote(schema))
}

// Every type of PostgreSQL that a contract has a word for arrives as a value of
// it, whatever the database's own habits of writing are.
func TestPostgresTypes(t *testing.T) {
	keys := prepare(t, "types", `
		SET datestyle = 'German';
		CREATE TYPE mood AS ENUM ('sad', 'glad');
		CREATE TYPE address AS (city text, zip int);
		CREATE TABLE t (i bigint, n numeric(20,5), f double precision, b boolean, d date, ts timestamp, tz timestamptz, ti time,
			s text, c char(5), e mood, u uuid, j jsonb, a int[], r address, y bytea, nothing text, dropped int);
		ALTER TABLE t DROP COLUMN dropped;
		INSERT INTO t SELECT 9223372036854775807, 123456789012345.67891, 0.1, true, '2024-02-29', '2024-02-29 23:59:59.123456', '2024-02-29 23:59:59+05', '12:30',
			E'two\nlines, "quotes" and ÿ', 'ab', 'glad', '123e4567-e89b-12d3-a456-426614174000', '{"k": [1, null]}', '{1,2,NULL}', ROW('Bad "Ems"'::text, 5)::address, repeat('x', 100)::bytea`)
	found, rows := check(t, parse(t, keys, `name: t
    properties:
      - {name: i, logicalType: integer, required: true}
      - {name: "n", logicalType: number, required: true, logicalTypeOptions: {minimum: 123456789012345}}
      - {name: f, logicalType: number, required: true, quality: [{metric: invalidValues, arguments: {validValues: [0.1]}, mustBe: 0}]}
      - {name: b, logicalType: boolean, required: true}
      - {name: d, logicalType: date, required: true}
      - {name: ts, logicalType: timestamp, required: true, logicalTypeOptions: {timezone: false}}
      - {name: tz, logicalType: timestamp, required: true, logicalTypeOptions: {timezone: true, minimum: "2024-02-29T18:59:59Z", maximum: "2024-02-29T18:59:59Z"}}
      - {name: ti, logicalType: time, required: true}
      - {name: s, logicalType: string, required: true, logicalTypeOptions: {minLength: 25, maxLength: 25}}
      - {name: c, logicalType: string, required: true, logicalTypeOptions: {maxLength: 2}}
      - {name: e, logicalType: string, required: true, quality: [{metric: invalidValues, arguments: {validValues: [sad, glad]}, mustBe: 0}]}
      - {name: u, logicalType: string, required: true, logicalTypeOptions: {format: uuid}}
      - {name: j, logicalType: object, required: true, properties: [{name: k, logicalType: array, items: {logicalType: integer}}]}
      - {name: a, logicalType: array, required: true, items: {logicalType: integer}, logicalTypeOptions: {minItems: 3, maxItems: 3}}
      - {name: r, logicalType: object, required: true, properties: [{name: city, logicalType: string}, {name: zip, logicalType: integer}]}
      - {name: "y", logicalType: string, required: true, logicalTypeOptions: {format: byte, minLength: 136, maxLength: 136}}
      - {name: nothing, logicalType: string, quality: [{metric: nullValues, mustBe: 1}]}`))
	if len(found) > 0 || rows != 1 {
		t.Errorf("%d rows: %v", rows, found)
	}
}

// k planted errors are k counted errors, and no text is taken for NULL.
func TestPostgresCountsExactly(t *testing.T) {
	keys := prepare(t, `odd "schema"/x`, `
		CREATE TABLE "the table" (id int, "a ""b"", c" text, x double precision);
		INSERT INTO "the table" SELECT i, 'v', i FROM generate_series(1, 1000) i;
		UPDATE "the table" SET "a ""b"", c" = NULL WHERE id % 100 = 0;
		UPDATE "the table" SET "a ""b"", c" = '' WHERE id IN (1, 2, 3);
		UPDATE "the table" SET "a ""b"", c" = '\N' WHERE id IN (4, 5);
		UPDATE "the table" SET x = 'NaN' WHERE id = 7;
		UPDATE "the table" SET x = 'Infinity' WHERE id IN (8, 9)`)
	found, rows := check(t, parse(t, keys, `name: t
    physicalName: the table
    properties:
      - {name: id, logicalType: integer, primaryKey: true}
      - {name: s, physicalName: 'a "b", c', logicalType: string, required: true, logicalTypeOptions: {minLength: 1}, quality: [{metric: invalidValues, arguments: {validValues: [v]}, mustBe: 0}]}
      - {name: x, logicalType: number}`))
	var counts []string
	for _, line := range found {
		said, _, _ := strings.Cut(line, " [")
		counts = append(counts, said)
	}
	slices.Sort(counts)
	want := []string{`contract/invalid-values a "b", c 5`, `contract/length a "b", c 3`, `contract/required a "b", c 10`, "contract/type x 3"}
	if diff := cmp.Diff(want, counts); diff != "" || rows != 1000 {
		t.Errorf("%d rows: %s\n%s", rows, diff, strings.Join(found, "\n"))
	}
}

func TestPostgresWithoutTheTable(t *testing.T) {
	keys := prepare(t, "empty", "CREATE VIEW seen AS SELECT 1 AS v")
	const properties = "properties: [{name: v, logicalType: integer}]"
	if found, rows := check(t, parse(t, keys, "{name: seen, "+properties+"}")); found != nil || rows != 1 {
		t.Errorf("a view: %d rows, %v", rows, found)
	}
	found, _ := check(t, parse(t, keys, "{name: lost, "+properties+"}"))
	if diff := cmp.Diff([]string{"dataset/missing-table  0 []"}, found); diff != "" {
		t.Error(diff)
	}
}

// What cannot be reached or entered is a failure, and says nothing about data.
func TestPostgresFailures(t *testing.T) {
	realServers(t)
	const object = "{name: t, properties: [{name: v, logicalType: integer}]}"
	port := os.Getenv("PGPORT")
	login := func(password string) server.Access {
		return server.Access{Postgres: func(host string, port int, database string) (*pgconn.Config, error) {
			return pgconn.ParseConfig(fmt.Sprintf("host=%s port=%d dbname=%s password=%s", host, port, database, password))
		}}
	}
	for _, test := range []struct {
		name, keys string
		access     server.Access
		says       string
	}{
		{"nobody listens", "type: postgres, host: 127.0.0.1, port: 1, database: postgres, schema: s", access(), "connection refused"},
		{"another password", "type: postgresql, host: 127.0.0.1, port: " + port + ", database: postgres, schema: s", login("another"), "password authentication failed"},
		{"another database", "type: postgres, host: 127.0.0.1, port: " + port + ", database: nowhere, schema: s", access(), `database "nowhere" does not exist`},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			_, finding, err := server.Find(context.Background(), parse(t, test.keys, object), "t", "production", folder, test.access)
			if err == nil || finding != nil || errors.Is(err, server.ErrUnsuited) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v %v", finding, err)
			}
			if err != nil && (strings.Contains(err.Error(), "another ") || strings.Contains(err.Error(), os.Getenv("PGPASSWORD"))) {
				t.Errorf("the error tells the password: %v", err)
			}
			empty(t, folder)
		})
	}
}

// A run that is stopped in the middle of a table is no shorter table.
func TestPostgresStops(t *testing.T) {
	// PostgreSQL may miss the word that the run has ended; it ends in any case.
	keys := prepare(t, "long", "CREATE VIEW t AS SELECT i AS v, pg_sleep(1)::text AS s FROM generate_series(1, 20) i")
	ctx, cancel := context.WithCancel(context.Background())
	folder := t.TempDir()
	go func() {
		for {
			if entries, _ := os.ReadDir(folder); len(entries) > 0 {
				cancel()
				return
			}
		}
	}()
	_, finding, err := server.Find(ctx, parse(t, keys, "{name: t, properties: [{name: v, logicalType: integer}]}"), "t", "production", folder, access())
	if !errors.Is(err, context.Canceled) || finding != nil {
		t.Errorf("%v %v", finding, err)
	}
}

// put fills a bucket.
func put(t *testing.T, bucket string, objects map[string]string) string {
	t.Helper()
	realServers(t)
	ctx := context.Background()
	client := store.New(store.Options{BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")), UsePathStyle: true, Region: "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY")}, nil
		})})
	if _, err := client.CreateBucket(ctx, &store.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	for key, content := range objects {
		if _, err := client.PutObject(ctx, &store.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader([]byte(content))}); err != nil {
			t.Fatal(err)
		}
	}
	return "type: s3, endpointUrl: " + os.Getenv("AWS_ENDPOINT_URL") + ", location: s3://" + bucket
}

func TestS3Locations(t *testing.T) {
	big := "v,w\n" + strings.Repeat("1,x\n", 1<<20)
	keys := put(t, "locations", map[string]string{
		"days/1.csv": "v,w\n1,a\n", "days/2.csv": "v,w\n2,b\n3,\n", "days/2.csv.bak": "nonsense", "days/more/3.csv": "v,w\n4,d\n",
		"semicolons.csv": "v;w\n5;e\n", "lines.json": `{"v": 6, "w": "f"}` + "\n", "sp ce [1]*.csv": "v,w\n7,g\n", "big/a.csv": big,
	})
	const object = "{name: t, properties: [{name: v, logicalType: integer, required: true}, {name: w, logicalType: string}]}"
	for _, test := range []struct {
		name, keys string
		rows       int64
		want       []string
	}{
		{"one object", keys + "/days/1.csv", 1, nil},
		{"a pattern", keys + "/days/*.csv", 3, nil},
		{"a folder", keys + "/days/more/", 1, nil},
		{"another delimiter", keys + "/semicolons.csv, delimiter: ;", 1, nil},
		{"JSON lines", keys + "/lines.json, format: json, delimiter: new_line", 1, nil},
		{"a key that looks like a pattern", strings.Replace(keys, "s3://", "'s3://", 1) + "/sp ce [1]*.csv'", 1, nil},
		{"some megabytes", keys + "/big/a.csv", 1 << 20, nil},
		{"nothing", keys + "/nothing/*.csv", 0, []string{"dataset/missing-table  0 []"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, rows := check(t, parse(t, test.keys, object))
			if diff := cmp.Diff(test.want, found); diff != "" || rows != test.rows {
				t.Errorf("%d rows, want %d; %s", rows, test.rows, diff)
			}
		})
	}
}

func TestS3Failures(t *testing.T) {
	keys := put(t, "failures", map[string]string{"a.csv": "v\n1\n"})
	endpoint := "type: s3, endpointUrl: " + os.Getenv("AWS_ENDPOINT_URL") + ", location: "
	const object = "{name: t, properties: [{name: v, logicalType: integer}]}"
	wrong := access()
	wrong.S3.Secret = "another-secret"
	for _, test := range []struct {
		name, keys string
		access     server.Access
		says       string
	}{
		{"nobody listens", "type: s3, endpointUrl: 'http://127.0.0.1:1', location: s3://b/a.csv", access(), "connection refused"},
		{"no such bucket", endpoint + "s3://nowhere/a.csv", access(), "NoSuchBucket"},
		{"another secret", keys + "/a.csv", wrong, "SignatureDoesNotMatch"},
		{"no key", keys + "/a.csv", server.Access{}, "AccessDenied"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			_, finding, err := server.Find(context.Background(), parse(t, test.keys, object), "t", "production", folder, test.access)
			if err == nil || finding != nil || errors.Is(err, server.ErrUnsuited) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v %v", finding, err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells the secret: %v", err)
			}
			empty(t, folder)
		})
	}
}

// duckFile is a database file with a table, a view, and rows that a COPY would
// change: a HUGEINT has no place in a Parquet file.
func duckFile(t *testing.T, folder string) {
	t.Helper()
	session, _, err := dataset.Open(context.Background(), dataset.Options{WriteDirs: []string{folder}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	path := filepath.Join(folder, "shop.duckdb")
	for _, statement := range []string{
		"ATTACH " + dataset.Literal(path) + " AS shop", "CREATE SCHEMA shop.sales",
		"CREATE TABLE shop.sales.orders AS SELECT range AS id, CAST(range AS HUGEINT) * 100000000000000000000 AS much FROM range(10)",
		"INSERT INTO shop.sales.orders VALUES (3, NULL)",
		"CREATE TABLE shop.main.plain AS SELECT 1 AS id", "DETACH shop",
	} {
		if _, err := session.DB().Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func TestDuckDB(t *testing.T) {
	folder := t.TempDir()
	duckFile(t, folder)
	const properties = "properties: [{name: id, logicalType: integer, unique: true}, {name: much, logicalType: integer, required: true, logicalTypeOptions: {format: i128}}]"
	file := filepath.ToSlash(filepath.Join(folder, "shop.duckdb"))
	database := "type: duckdb, database: " + file
	for _, test := range []struct {
		name, keys, object string
		rows               int64
		want               []string
	}{
		{"a table of a schema", database + ", schema: sales", "{name: orders, " + properties + "}", 11,
			[]string{
				fmt.Sprintf("contract/required much 1 [%q]", file+" row 11: null"),
				fmt.Sprintf("contract/unique id 1 [%q]", `"3": 2 rows, first `+file+" row 4 and "+file+" row 11"),
			}},
		{"rows are called by their key", database + ", schema: sales", "{name: orders, properties: [{name: id, logicalType: integer}, {name: much, logicalType: integer, required: true, primaryKey: true, logicalTypeOptions: {format: i128, maximum: 500000000000000000000}}]}", 11,
			[]string{
				fmt.Sprintf("contract/range much 4 [%q %q %q %q]", file+" much=600000000000000000000: \"600000000000000000000\"", file+" much=700000000000000000000: \"700000000000000000000\"", file+" much=800000000000000000000: \"800000000000000000000\"", file+" much=900000000000000000000: \"900000000000000000000\""),
				fmt.Sprintf("contract/required much 1 [%q]", file+" row 11: null"),
			}},
		{"unless the key may not be shown", database + ", schema: sales", "{name: orders, properties: [{name: id, logicalType: integer}, {name: much, logicalType: integer, primaryKey: true, classification: personal, logicalTypeOptions: {format: i128}}]}", 11,
			[]string{fmt.Sprintf("contract/required much 1 [%q]", file+" row 11: null")}},
		{"a table of the usual schema", database, "{name: p, physicalName: plain, properties: [{name: id, logicalType: integer}]}", 1, nil},
		{"no such table", database, "{name: orders, " + properties + "}", 0, []string{"dataset/unreadable-file  0 []"}},
		{"no such file", "type: duckdb, database: " + filepath.ToSlash(folder) + "/other.duckdb", "{name: t, " + properties + "}", 0, []string{"dataset/missing-file  0 []"}},
		{"no database", "type: duckdb, database: " + filepath.ToSlash(text(t, "no database at all")), "{name: t, " + properties + "}", 0, []string{"dataset/unreadable-file  0 []"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, rows := check(t, parse(t, test.keys, test.object))
			slices.Sort(found)
			slices.Sort(test.want)
			if diff := cmp.Diff(test.want, found); diff != "" || rows != test.rows {
				t.Errorf("%d rows, want %d; %s", rows, test.rows, diff)
			}
		})
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("something was left beside the database: %v %v", entries, err)
	}
}

func text(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.txt")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLocal(t *testing.T) {
	path := filepath.ToSlash(text(t, "v\n1\nx\n"))
	found, rows := check(t, parse(t, "type: local, format: csv, path: "+path, "{name: t, properties: [{name: v, logicalType: integer}]}"))
	if rows != 2 || len(found) != 1 || !strings.HasPrefix(found[0], "contract/type v 1") {
		t.Errorf("%d rows, %v", rows, found)
	}
}

func TestUnsuitedServers(t *testing.T) {
	const object = "{name: t, properties: [{name: v, logicalType: integer}]}"
	for _, test := range []struct{ name, keys, ask, says string }{
		{"custom", "type: custom", "production", "server production: the contract's server cannot be used: linecook does not read from a server of type custom; it reads from local, duckdb, postgres, postgresql, s3, and files named with --data"},
		{"another type", "type: oracle, host: h, port: 1, serviceName: s", "production", "a server of type oracle"},
		{"another name", "type: custom", "prod", `the contract has no server "prod"; it has production`},
		{"another format", "type: local, path: a, format: avro", "production", "does not read files of format avro"},
		{"JSON that is one document", "type: s3, location: 's3://b/a', format: json, delimiter: array", "production", "json with one document a line"},
		{"another location", "type: s3, location: 'https://b/a', format: csv", "production", "is not of the form s3://bucket/key"},
		{"a broken pattern", "type: s3, location: 's3://b/[', format: csv", "production", "is not a valid pattern"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, finding, err := server.Find(context.Background(), parse(t, test.keys, object), "t", test.ask, t.TempDir(), server.Access{})
			if !errors.Is(err, server.ErrUnsuited) || finding != nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v %v", finding, err)
			}
		})
	}
}

func empty(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) > 0 {
		t.Errorf("left in the folder: %v %v", entries, err)
	}
}
