package scaffold_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
)

// parquet writes the rows of a query to a Parquet file.
func parquet(t *testing.T, dir, path, query string) {
	t.Helper()
	put(t, dir, path, "")
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	target := filepath.Join(dir, filepath.FromSlash(path))
	if _, err := db.Exec(fmt.Sprintf("COPY (%s) TO '%s' (FORMAT parquet)", query, target)); err != nil {
		t.Fatal(err)
	}
}

// sales are 12 shops over 40 days; the outcome follows from the number n.
const sales = `SELECT DATE '2024-01-01' + (i // 12)::INTEGER AS day, (i % 12)::INTEGER AS shop_id,
	(i * 7919 % 100) / 10.0 AS n, (i * 104729 % 97) > 40 + (i * 7919 % 100) / 5 AS sold_out FROM range(480) r(i)`

// Every kind of file that linecook reads begins a pipeline that validates.
func TestKindsOfData(t *testing.T) {
	const header = "date,shop,n,label\n"
	rows := func(day int) string {
		var b strings.Builder
		for i := range 8 {
			fmt.Fprintf(&b, "2024-01-%02d,s%d,%d,%t\n", day, i, (day*7+i*5)%11, (day*5+i*3)%7 > 3)
		}
		return b.String()
	}
	var month, lines strings.Builder
	month.WriteString(header)
	for day := 1; day <= 31; day++ {
		month.WriteString(rows(day))
	}
	for row := range strings.Lines(strings.TrimPrefix(month.String(), header)) {
		cells := strings.Split(strings.TrimSpace(row), ",")
		fmt.Fprintf(&lines, `{"date": %q, "shop": %q, "n": %s, "label": %s}`+"\n", cells[0], cells[1], cells[2], cells[3])
	}
	for name, test := range map[string]struct {
		make func(t *testing.T, dir string)
		args []string
		// file and says are a file that is written and what it holds.
		file, says string
	}{
		"csv": {
			make: func(t *testing.T, dir string) { put(t, dir, "shops.csv", month.String()) },
			file: "pipeline.yaml", says: "path: [shops.csv]",
		},
		"csv with semicolons": {
			make: func(t *testing.T, dir string) { put(t, dir, "shops.csv", strings.ReplaceAll(month.String(), ",", ";")) },
			file: "pipeline.yaml", says: `delimiter: ";"`,
		},
		"json lines": {
			make: func(t *testing.T, dir string) { put(t, dir, "in/shops.jsonl", lines.String()) },
			file: "contracts/shops.odcs.yaml", says: "logicalType: boolean",
		},
		"parquet": {
			make: func(t *testing.T, dir string) { parquet(t, dir, "Shop Sales (2024).parquet", sales) },
			file: "contracts/shop-sales-2024.odcs.yaml", says: "logicalType: date",
		},
		"parquet with days as timestamps": {
			make: func(t *testing.T, dir string) {
				parquet(t, dir, "shops.parquet", "SELECT * REPLACE (day::TIMESTAMP AS day) FROM ("+sales+")")
			},
			file: "pipeline.yaml", says: "partition: day",
		},
		"a file for each day": {
			make: func(t *testing.T, dir string) {
				for day := 1; day <= 31; day++ {
					put(t, dir, fmt.Sprintf("shops/2024-01-%02d.csv", day), header+rows(day))
				}
			},
			file: "pipeline.yaml", says: `path: ["shops/*.csv"]`,
		},
		"the Hive layout": {
			make: func(t *testing.T, dir string) {
				for day := 1; day <= 31; day++ {
					put(t, dir, fmt.Sprintf("data/shops/dt=2024-01-%02d/part.csv", day), header+rows(day))
				}
			},
			file: "pipeline.yaml", says: `path: ["data/shops/dt=*/*.csv"]`,
		},
		"one of two tables, named": {
			make: func(t *testing.T, dir string) {
				put(t, dir, "data/shops.csv", month.String())
				put(t, dir, "data/weather.csv", "date,rain\n2024-01-01,1\n")
			},
			args: []string{"data/shops.csv"}, file: "pipeline.yaml", says: "path: [data/shops.csv]",
		},
		"a glob": {
			make: func(t *testing.T, dir string) {
				put(t, dir, "data/shops-1.csv", month.String())
				put(t, dir, "data/shops-2.csv", header+strings.ReplaceAll(rows(1), "2024-01", "2024-02"))
				put(t, dir, "data/weather.csv", "date,rain\n2024-01-01,1\n")
			},
			args: []string{"data/shops-*.csv", "--name", "shops"}, file: "pipeline.yaml", says: `path: ["data/shops-*.csv"]`,
		},
		"a name that is a glob": {
			make: func(t *testing.T, dir string) { put(t, dir, "data/[a]* ${{ x }}.csv", month.String()) },
			file: "contracts/a-x.odcs.yaml", says: "name: a-x",
		},
		"one row a day": {
			make: func(t *testing.T, dir string) {
				parquet(t, dir, "series.parquet", "SELECT * FROM ("+sales+") WHERE shop_id = 3")
			},
			file: "pipeline.yaml", says: "entity: [shop_id]",
		},
		"a key of two columns": {
			make: func(t *testing.T, dir string) {
				parquet(t, dir, "pairs.parquet", "SELECT *, 'shop ' || shop_id // 4 AS shop, 'p' || shop_id % 4 AS product FROM ("+sales+")")
			},
			args: []string{"--entity", "shop,product"}, file: "pipeline.yaml", says: "key: [day, shop, product]",
		},
		"several rows of an entity in a day": {
			make: func(t *testing.T, dir string) {
				parquet(t, dir, "orders.parquet", "SELECT *, 'customer ' || shop_id // 4 AS customer FROM ("+sales+")")
			},
			args: []string{"--entity", "customer"}, file: "pipeline.yaml", says: "key: [day, customer, shop_id]",
		},
		"a key that is found": {
			make: func(t *testing.T, dir string) {
				parquet(t, dir, "pairs.parquet", "SELECT 'shop ' || shop_id // 4 AS shop, 'p' || shop_id % 4 AS product, day, n, sold_out FROM ("+sales+")")
			},
			file: "pipeline.yaml", says: "entity: [shop, product]",
		},
		"a name that no two rows share": {
			make: func(t *testing.T, dir string) {
				parquet(t, dir, "orders.parquet", "SELECT day, shop_id // 4 AS shop, shop_id % 4 AS product, 'B' || row_number() OVER () AS \"Bestell-Nr\", n, sold_out FROM ("+sales+")")
			},
			file: "pipeline.yaml", says: "key: [day, Bestell-Nr]",
		},
		"all columns that are described": {
			make: func(t *testing.T, dir string) {
				parquet(t, dir, "pairs.parquet", "SELECT 'shop ' || shop_id // 4 AS shop, 'p' || shop_id % 4 AS product, day, n, sold_out FROM ("+sales+")")
			},
			file: "pipeline.yaml", says: "for each shop and product.",
		},
		"rows that are only numbered": {
			make: func(t *testing.T, dir string) {
				parquet(t, dir, "rows.parquet", "SELECT row_number() OVER () AS row, day, n, sold_out FROM ("+sales+")")
			},
			file: "pipeline.yaml", says: "entity: [row]",
		},
		"a timestamp on the row's day": {
			make: func(t *testing.T, dir string) {
				parquet(t, dir, "orders.parquet", "SELECT day + INTERVAL 10 HOUR AS ordered_at, * FROM ("+sales+")")
			},
			file: "pipeline.yaml", says: "decision_time: ordered_at",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			test.make(t, dir)
			must(t, dir, append([]string{"init"}, test.args...)...)
			must(t, dir, "validate")
			if text := read(t, dir, test.file); !strings.Contains(text, test.says) {
				t.Errorf("%s does not hold %q:\n%s", test.file, test.says, text)
			}
		})
	}
}

// A column that came with the outcome is no feature.
func TestWhatTellsTheOutcomeComesWithIt(t *testing.T) {
	for name, column := range map[string]string{
		"has a value where it happened": "CASE WHEN sold_out THEN 'r' || i % 3 END",
		"is another name of it":         "CASE WHEN sold_out THEN 'out' ELSE 'in' END",
		"lies above a threshold":        "CASE WHEN sold_out THEN 100 ELSE 0 END + (i * 31 % 50)",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			parquet(t, dir, "shops.parquet", "SELECT * EXCLUDE (i), "+column+" AS tell FROM (SELECT *, shop_id * 5 AS i FROM ("+sales+"))")
			out := must(t, dir, "init", "--label", "sold_out")
			if !strings.Contains(out, "tell tells the outcome exactly") {
				t.Errorf("init does not say so:\n%s", out)
			}
			if text := read(t, dir, "pipeline.yaml"); !strings.Contains(text, "columns: [sold_out, tell]") || strings.Contains(text, "name: tell") {
				t.Errorf("pipeline.yaml:\n%s", text)
			}
			must(t, dir, "validate")
		})
	}
}

// The rows that judge the model are those that training will take: an outcome of
// the last day becomes known after it.
func TestRowsOfTheHoldout(t *testing.T) {
	dir := t.TempDir()
	parquet(t, dir, "orders.parquet", "SELECT day + INTERVAL 10 HOUR AS ordered_at, * FROM ("+sales+")")
	if out := must(t, dir, "init"); !strings.Contains(out, "the last 84 of 456 rows whose outcome is known in time judge the model") {
		t.Errorf("init counts otherwise:\n%s", out)
	}
	if out := must(t, dir, "train", "--version", "0.1.0"); !strings.Contains(out, "trained on 372 observations, evaluated on 84 later ones") {
		t.Errorf("training counts otherwise:\n%s", out)
	}
}

// What train and promote will refuse is said beforehand.
func TestTooLittleDataIsNoted(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a.csv", "date,store,n,label\n2024-01-01,a,1,1\n2024-01-02,a,2,0\n2024-01-03,a,4,0\n")
	if out := must(t, dir, "init"); !strings.Contains(out, "train will refuse") {
		t.Errorf("init does not warn:\n%s", out)
	}
	dir = t.TempDir()
	put(t, dir, "a.csv", customers(15))
	if out := must(t, dir, "init"); !strings.Contains(out, "staging and prod will refuse: 60 rows") {
		t.Errorf("init does not warn:\n%s", out)
	}
}
