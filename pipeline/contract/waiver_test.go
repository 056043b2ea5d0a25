package contract_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/report"
)

const waivers = `waivers:
  - code: contract/range
    source: weather
    column: wind_speed
    reason: One gauge of 12 February is broken; the station replaces it.
    approved_by: ops
    from: 2013-10-01
    until: 2013-10-31
`

func day(t *testing.T, text string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	// Late in the day: a waiver holds until its last day has ended.
	return d.Add(23*time.Hour + 59*time.Minute)
}

func parseWaivers(t *testing.T, text string) *contract.WaiverFile {
	t.Helper()
	w, findings := contract.ParseWaivers("waivers.yaml", []byte(text))
	if w == nil {
		t.Fatal(findings)
	}
	return w
}

func TestApplyWaivers(t *testing.T) {
	gale := report.Finding{Code: "contract/range", Severity: report.Error, Source: "weather", Column: "wind_speed", Message: "1 value is too great"}
	for _, test := range []struct {
		name, day string
		finding   report.Finding
		waived    bool
		says      string // the code and severity of what is said of the waiver
	}{
		{"covered", "2013-10-15", gale, true, ""},
		{"on its first day", "2013-10-01", gale, true, ""},
		{"on its last day", "2013-10-31", gale, true, ""},
		{"the day before", "2013-09-30", gale, false, "waiver/not-begun info"},
		{"the day after", "2013-11-01", gale, false, "waiver/expired error"},
		{"ended, and nothing is wrong", "2013-11-01", report.Finding{}, false, "waiver/expired warning"},
		{"nothing is wrong", "2013-10-15", report.Finding{}, false, "waiver/unused info"},
		{"another column", "2013-10-15", report.Finding{Code: gale.Code, Severity: report.Error, Source: "weather", Column: "temp"}, false, "waiver/unused info"},
		{"another source", "2013-10-15", report.Finding{Code: gale.Code, Severity: report.Error, Source: "flights", Column: "wind_speed"}, false, "waiver/unused info"},
		{"another rule", "2013-10-15", report.Finding{Code: "contract/type", Severity: report.Error, Source: "weather", Column: "wind_speed"}, false, "waiver/unused info"},
		{"a warning needs no waiver", "2013-10-15", report.Finding{Code: gale.Code, Severity: report.Warning, Source: "weather", Column: "wind_speed"}, false, "waiver/unused info"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var findings []report.Finding
			if test.finding.Code != "" {
				findings = append(findings, test.finding)
			}
			all, waived := contract.ApplyWaivers(findings, parseWaivers(t, waivers), day(t, test.day))
			said := ""
			for _, f := range all {
				if strings.HasPrefix(f.Code, "waiver/") {
					said = f.Code + " " + string(f.Severity)
					if f.Position.String() != "waivers.yaml:2:5" {
						t.Errorf("at %s", f.Position)
					}
				}
			}
			if said != test.says || (len(waived) == 1) != test.waived {
				t.Fatalf("said %q, waived %d: %+v", said, len(waived), all)
			}
			if !test.waived {
				return
			}
			if report.HasErrors(all) || len(all) != 1 || all[0].Code != test.finding.Code || all[0].Severity != report.Info ||
				all[0].Message != "waived until 2013-10-31 by ops (One gauge of 12 February is broken; the station replaces it.): 1 value is too great" {
				t.Errorf("%+v", all)
			}
			if findings[0].Severity != report.Error || findings[0].Waived != "" {
				t.Errorf("the caller's findings were changed: %+v", findings)
			}
		})
	}
}

func TestWithoutWaiversNothingChanges(t *testing.T) {
	findings := []report.Finding{{Code: "contract/range", Severity: report.Error}}
	all, waived := contract.ApplyWaivers(findings, nil, day(t, "2013-10-15"))
	if len(all) != 1 || all[0].Severity != report.Error || waived != nil {
		t.Errorf("%+v, %+v", all, waived)
	}
}

// What is unknown cannot be answered for: no waiver turns "not checked" green.
func TestWhatCannotBeWaived(t *testing.T) {
	codes := []string{
		"contract/no-rows", "contract/no-checks", "contract/no-schema", "contract/no-properties", "contract/unsupported-rule", "contract/unsupported-type",
		"contract/pattern-timeout", "contract/sql-unknown", contract.CodeBaseUnreadable, "contract/freshness", "contract/unassigned-rows", "contract/unknown-property", "contract/partial",
		"dataset/missing-file", "dataset/unreadable-file", "dataset/unreadable-rows", "document/unknown-key", "policy/unknown-check",
		"report/nothing-checked", "waiver/expired", "config/no-contract", "feature/late", "contract/rnage", "", "*",
	}
	for _, code := range codes {
		text := strings.Replace(waivers, "contract/range", fmt.Sprintf("%q", code), 1)
		w, findings := contract.ParseWaivers("waivers.yaml", []byte(text))
		if w != nil || len(findings) != 1 || findings[0].Code != "waiver/unwaivable" || findings[0].Position.Line != 2 {
			t.Errorf("%s: %v, %+v", code, w, findings)
		}
		// Not even a waiver that came past the reader has an effect.
		crafted := &contract.WaiverFile{Waivers: []contract.Waiver{{Code: code, Reason: "r", ApprovedBy: "a", From: contract.Day{Time: time.Unix(0, 0)}, Until: contract.Day{Time: time.Unix(1<<40, 0)}}}}
		all, waived := contract.ApplyWaivers([]report.Finding{{Code: code, Severity: report.Error}}, crafted, day(t, "2013-10-15"))
		if len(waived) > 0 || !report.HasErrors(all) {
			t.Errorf("%s was waived: %+v", code, all)
		}
	}
}

func TestUnsoundWaivers(t *testing.T) {
	for _, test := range []struct{ name, old, new, code, says string }{
		{"no reason", "    reason: One gauge of 12 February is broken; the station replaces it.\n", "", "document/missing-key", `lacks the key "reason"`},
		{"a blank reason", "reason: One gauge of 12 February is broken; the station replaces it.", `reason: "  "`, "waiver/empty-value", "reason is empty"},
		{"nobody answers", "approved_by: ops", `approved_by: ""`, "waiver/empty-value", "approved_by is empty"},
		{"no end", "    until: 2013-10-31\n", "", "document/missing-key", `lacks the key "until"`},
		{"no beginning", "    from: 2013-10-01\n", "", "document/missing-key", `lacks the key "from"`},
		{"an end that is no day", "until: 2013-10-31", "until: 2013-10-32", "document/value", "is no day of the calendar"},
		{"an end that is a time", "until: 2013-10-31", `until: "2013-10-31T00:00:00Z"`, "document/value", "is no day of the calendar"},
		{"an end that is a year", "until: 2013-10-31", "until: 2014", "document/value", "is no day of the calendar"},
		{"an end before the beginning", "until: 2013-10-31", "until: 2013-09-30", "waiver/dates", "before it begins"},
		{"an end too far away", "until: 2013-10-31", "until: 2014-03-31", "waiver/dates", "lasts 181 days"},
		{"a misspelt key", "column: wind_speed", "colum: wind_speed", "document/unknown-key", `did you mean "column"?`},
		{"a misspelt rule", "contract/range", "contract/ragne", "waiver/unwaivable", `"contract/ragne" cannot be waived`},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, findings := contract.ParseWaivers("waivers.yaml", []byte(strings.Replace(waivers, test.old, test.new, 1)))
			if w != nil || len(findings) != 1 || findings[0].Code != test.code || !strings.Contains(findings[0].Message, test.says) || findings[0].Position.Line == 0 {
				t.Errorf("%v, %+v", w, findings)
			}
		})
	}
	if w, findings := contract.ParseWaivers("waivers.yaml", []byte(strings.Replace(waivers, "2013-10-31", "2014-03-30", 1))); w == nil {
		t.Errorf("180 days: %v", findings)
	}
	if w, findings := contract.ParseWaivers("waivers.yaml", nil); w != nil || len(findings) == 0 {
		t.Errorf("an empty file: %v, %v", w, findings)
	}
}

func ExampleApplyWaivers() {
	w, _ := contract.ParseWaivers("waivers.yaml", []byte(waivers))
	findings := []report.Finding{{Code: "contract/range", Severity: report.Error, Source: "weather", Column: "wind_speed", Message: "1 value is too great"}}
	today := time.Date(2013, 10, 15, 6, 0, 0, 0, time.UTC)
	all, _ := contract.ApplyWaivers(findings, w, today)
	_ = report.Text(os.Stdout, all[:1])
	fmt.Println(report.HasErrors(all))
	// Output:
	// info    contract/range
	//         weather: waived until 2013-10-31 by ops (One gauge of 12 February is broken; the station replaces it.): 1 value is too great
	// false
}

// Whatever stands in the file: it is read or refused, what is read keeps the
// bounds, and no finding that says "not checked" is ever let pass.
func FuzzParseWaivers(f *testing.F) {
	f.Add([]byte(waivers), "contract/no-rows")
	f.Add([]byte("waivers: []"), "contract/range")
	f.Add([]byte("waivers: [{code: contract/no-rows, reason: r, approved_by: a, from: 2013-01-01, until: 2013-01-02}]"), "contract/no-rows")
	f.Add([]byte("waivers:\n- {code: contract/type, reason: r, approved_by: a, from: 0001-01-01, until: 9999-12-31}"), "contract/type")
	f.Fuzz(func(t *testing.T, data []byte, code string) {
		w, findings := contract.ParseWaivers("waivers.yaml", data)
		if (w == nil) != report.HasErrors(findings) {
			t.Fatalf("%v with %+v", w, findings)
		}
		if w == nil {
			return
		}
		for _, waiver := range w.Waivers {
			lasts := waiver.Until.Sub(waiver.From.Time)
			if !contract.Waivable(waiver.Code) || strings.TrimSpace(waiver.Reason) == "" || strings.TrimSpace(waiver.ApprovedBy) == "" || lasts < 0 || lasts > 180*24*time.Hour {
				t.Fatalf("this waiver was taken: %+v", waiver)
			}
		}
		before := []report.Finding{{Code: code, Severity: report.Error, Source: "s"}, {Code: "contract/no-rows", Severity: report.Error}}
		all, waived := contract.ApplyWaivers(before, w, time.Date(2013, 1, 2, 0, 0, 0, 0, time.UTC))
		if !report.HasErrors(all) {
			t.Fatalf("nothing is wrong any more: %+v", all)
		}
		for _, f := range waived {
			if f.Waived == "" || !contract.Waivable(f.Code) {
				t.Fatalf("%+v", f)
			}
		}
	})
}
