package backtest

import (
	"fmt"
	"strings"
)

// A finding is one row of the table of findings.
type finding struct {
	Class, Severity, Code, Place, Data, Message, Remedy string
	Samples                                             []string
}

// mostFindings keeps the page readable; the JSON report has them all.
const mostFindings = 200

func findings(r *Report) (rows []finding, more string) {
	for i, f := range r.Findings {
		if i == mostFindings {
			return rows, fmt.Sprintf("%s more are in the JSON report.", count(int64(len(r.Findings)-mostFindings)))
		}
		row := finding{Class: map[string]string{"warning": "carried", "info": "good"}[string(f.Severity)], Severity: clean(string(f.Severity)),
			Code: clean(f.Code), Place: clean(f.Position.String()), Message: clean(f.Message), Remedy: clean(f.Remedy)}
		if row.Class == "" {
			row.Class = "stopped"
		}
		var data []string
		for _, part := range []string{f.Source, f.Partition, f.Column} {
			if part != "" {
				data = append(data, clean(part))
			}
		}
		if f.Count > 0 {
			data = append(data, counted(f.Count, "row"))
		}
		row.Data = strings.Join(data, " · ")
		for _, sample := range f.Samples {
			row.Samples = append(row.Samples, clean(sample))
		}
		rows = append(rows, row)
	}
	return rows, ""
}
