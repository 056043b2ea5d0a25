package scaffold_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What cannot be guessed is asked, and then nothing is written.
func TestQuestions(t *testing.T) {
	month := customers(31)
	telco := "customerID,tenure,Contract,TotalCharges,Churn\n"
	for i := range 200 {
		telco += fmt.Sprintf("c%d,%d,m%d,%d.5,%s\n", i, i%70, i%3, i*10, []string{"Yes", "No"}[i%2])
	}
	for name, test := range map[string]struct {
		files map[string]string
		args  []string
		says  []string
	}{
		"no data":             {nil, nil, []string{"no .csv, .jsonl or .parquet file"}},
		"no such file":        {nil, []string{"data.csv"}, []string{`no file "data.csv"`}},
		"not data":            {map[string]string{"a.txt": "x"}, []string{"a.txt"}, []string{"does not tell its format", ".parquet"}},
		"several tables":      {map[string]string{"a.csv": month, "b.csv": "x\n1\n", ".git/c.csv": "x"}, nil, []string{"more than one table", "a.csv, b.csv", "linecook init a.csv"}},
		"several folders":     {map[string]string{"a/x.csv": month, "b/x.csv": month}, nil, []string{"more than one table", "a/x.csv, b/x.csv"}},
		"empty":               {map[string]string{"a.csv": ""}, nil, []string{"a.csv", "empty"}},
		"header only":         {map[string]string{"a.csv": "date,label\n"}, nil, []string{"a.csv", "no rows"}},
		"binary":              {map[string]string{"a.csv": "\x00\x01\x02\n\xff"}, nil, []string{"a.csv", "not text"}},
		"not Parquet":         {map[string]string{"a.parquet": "no"}, nil, []string{"a.parquet"}},
		"no date":             {map[string]string{"telco.csv": telco}, nil, []string{"telco.csv has no column of dates", "YYYY-MM-DD", "day of the export"}},
		"a timestamp only":    {map[string]string{"a.csv": "at,y\n2024-01-01 10:00:00,1\n2024-01-02 11:00:00,0\n"}, nil, []string{`timestamp "at"`, `CAST("at" AS DATE) AS date`}},
		"dates of other form": {map[string]string{"a.csv": "when,y\n31/01/2024,1\n01/02/2024,0\n"}, nil, []string{`"when" looks like dates written as 31/12/2024`, `strptime("when", '%d/%m/%Y')`}},
		"gaps in the date":    {map[string]string{"a.csv": "date,y\n2024-01-01,1\n,0\n"}, nil, []string{`"date" has no value in 1 of 2 rows`}},
		"no label":            {map[string]string{"a.csv": "date,x\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n"}, nil, []string{"two different values", "AS label"}},
		"no entity":           {map[string]string{"a.csv": "date,x,y\n2024-01-01,1,0\n2024-01-01,1,1\n2024-01-02,2,1\n2024-01-02,2,0\n"}, nil, []string{"--entity"}},
		"no features":         {map[string]string{"a.csv": "date,y\n2024-01-01,1\n2024-01-02,0\n"}, nil, []string{"no column left to predict"}},
		"unknown time":        {map[string]string{"a.csv": month}, []string{"--time", "dat"}, []string{`no column "dat"; did you mean "date"?`}},
		"time of no time":     {map[string]string{"a.csv": month}, []string{"--time", "plan"}, []string{`"plan" is of type string`}},
		"unknown label":       {map[string]string{"a.csv": month}, []string{"--label", "chrned"}, []string{`did you mean "churned"?`}},
		"label of many":       {map[string]string{"a.csv": month}, []string{"--label", "plan"}, []string{"a number or has two values", `"plan" = 'late' AS label`}},
		"label is the time":   {map[string]string{"a.csv": month}, []string{"--label", "date"}, []string{"is the event's time"}},
		"entity not unique":   {map[string]string{"a.csv": strings.ReplaceAll(month, "C0001", "C0000")}, []string{"--entity", "customer_id"}, []string{"share the same customer_id"}},
		"entity is the label": {map[string]string{"a.csv": month}, []string{"--entity", "churned"}, []string{"is the label"}},
		"entity with gaps":    {map[string]string{"a.csv": month}, []string{"--entity", "spend"}, []string{`no "spend"`}},
		"entity twice":        {map[string]string{"a.csv": month}, []string{"--entity", "plan,plan"}, []string{"twice"}},
		"a bad name":          {map[string]string{"a.csv": month}, []string{"--name", "My Pipeline"}, []string{"--name", "lower-case"}},
		"no such folder":      {nil, []string{"--dir", "nowhere"}, []string{"nowhere"}},
		"data elsewhere":      {map[string]string{"a.csv": month, "sub/x": ""}, []string{"a.csv", "--dir", "sub"}, []string{"outside"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for path, text := range test.files {
				put(t, dir, path, text)
			}
			before := tree(t, dir)
			code, out, log := linecook(t, dir, append([]string{"init"}, test.args...)...)
			if code != 2 || out != "" {
				t.Errorf("exit code %d, output %s", code, out)
			}
			for _, want := range test.says {
				if !strings.Contains(log, want) {
					t.Errorf("the message lacks %q: %s", want, log)
				}
			}
			if strings.Count(strings.TrimSpace(log), "\n") > 0 {
				t.Errorf("the message has several lines:\n%s", log)
			}
			if after := tree(t, dir); !slices.Equal(before, after) {
				t.Errorf("files were left behind: %q", after)
			}
		})
	}
}
