package contract_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/report"
)

func TestTimeFormats(t *testing.T) {
	for _, test := range []struct {
		logicalType, format string
		// values are texts and what they are read as; "" for no value of the type.
		values map[string]string
	}{
		{"date", "yyyy-MM-dd", map[string]string{"2013-10-01": "2013-10-01", "2013-10-1": "", "2013-13-01": ""}},
		{"date", "dd.MM.yyyy", map[string]string{"01.10.2013": "2013-10-01", "1.10.2013": "", "30.02.2013": "", "2013-10-01": "", "01.10.2013 ": ""}},
		{"date", "d/M/uuuu", map[string]string{"1/10/2013": "2013-10-01", "01/10/2013": "", "31/12/2013": "2013-12-31", "12/31/2013": ""}},
		{"date", "yyyyMMdd", map[string]string{"20131001": "2013-10-01", "2013101": ""}},
		{"date", "EEE, d MMM yyyy", map[string]string{"Tue, 1 Oct 2013": "2013-10-01", "Tue, 1 Okt 2013": ""}},
		{"date", "MMMM d, yyyy", map[string]string{"October 1, 2013": "2013-10-01", "Oct 1, 2013": ""}},
		{"timestamp", "yyyy-MM-dd HH:mm:ss", map[string]string{"2013-10-01 05:06:07": "2013-10-01 05:06:07", "2013-10-01T05:06:07": "", "2013-10-01 25:06:07": "", "2013-10-01 5:06:07": ""}},
		{"timestamp", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", map[string]string{"2013-10-01T05:06:07.123+02:00": "2013-10-01 03:06:07.123", "2013-10-01T05:06:07.123Z": "2013-10-01 05:06:07.123", "2013-10-01T05:06:07.123+0200": "", "2013-10-01T05:06:07Z": ""}},
		{"timestamp", "yyyy-MM-dd HH:mm:ssZ", map[string]string{"2013-10-01 05:06:07+1000": "2013-09-30 19:06:07", "2013-10-01 05:06:07Z": "", "2013-10-01 05:06:07+9999": "", "2013-10-01 05:06:07-0060": "", "2013-10-01 05:06:07+2359": "2013-09-30 05:07:07"}},
		{"timestamp", "yyyy-MM-dd HH:mmX", map[string]string{"2013-10-01 05:06+01": "2013-10-01 04:06:00", "2013-10-01 05:06+24": ""}},
		{"timestamp", "yyyy-MM-dd HH:mmXX", map[string]string{"2013-10-01 05:06+0130": "2013-10-01 03:36:00", "2013-10-01 05:06+2400": ""}},
		{"timestamp", "yyyy-MM-dd HH:mmXXX", map[string]string{"2013-10-01 05:06-01:30": "2013-10-01 06:36:00", "2013-10-01 05:06+01:60": ""}},
		{"timestamp", "yyyy-MM-dd HH:mmxxx", map[string]string{"2013-10-01 05:06-01:30": "2013-10-01 06:36:00", "2013-10-01 05:06+99:99": ""}},
		{"timestamp", "yyyy-MM-dd HH:mmxx", map[string]string{"2013-10-01 05:06-0130": "2013-10-01 06:36:00", "2013-10-01 05:06-2400": ""}},
		{"timestamp", "yyyyMMddHHmmss", map[string]string{"20131001050607": "2013-10-01 05:06:07"}},
		{"timestamp", "M/d/yyyy h:mm a", map[string]string{"10/1/2013 5:06 PM": "2013-10-01 17:06:00", "10/1/2013 17:06 PM": "", "10/1/2013 12:06 AM": "2013-10-01 00:06:00"}},
		{"timestamp", "yyyy-MM-dd 'at' HH 'o''clock' mm", map[string]string{"2013-10-01 at 05 o'clock 06": "2013-10-01 05:06:00"}},
		{"timestamp", "yyyy.MM.dd HH:mm:ss.SSSSSS", map[string]string{"2013.10.01 05:06:07.000001": "2013-10-01 05:06:07.000001", "2013x10x01 05:06:07.000001": ""}},
		{"time", "HH:mm", map[string]string{"05:06": "05:06:00", "5:06": "", "24:00": "", "05:06:07": ""}},
		{"time", "HHmm", map[string]string{"0506": "05:06:00", "506": ""}},
	} {
		t.Run(test.logicalType+" "+test.format, func(t *testing.T) {
			c := parse(t, header+"      - {name: k, logicalType: integer}\n      - {name: v, logicalType: "+test.logicalType+", logicalTypeOptions: {format: \""+test.format+"\"}}\n")
			csv, want := "k,v\n", [][]string{}
			i := 0
			for text, value := range test.values {
				if value == "" {
					value = "NULL"
				}
				csv += fmt.Sprintf("%d,\"%s\"\n", i, text)
				want = append(want, []string{text, value})
				i++
			}
			s, table := open(t, map[string]string{"a.csv": csv})
			sql, err := c.TypedSelect(table)
			if err != nil {
				t.Fatal(err)
			}
			got := query(t, s, "SELECT t.v, s.v::VARCHAR FROM ("+sql+") s JOIN "+table.Segments[0].Relation()+" t ON t.k = s.k::VARCHAR ORDER BY s.k")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Every pattern is either read whole or refused with a finding that says why.
func TestTimeFormatsThatAreRefused(t *testing.T) {
	for format, why := range map[string]string{
		"dd.MM.yy":               "two digits",
		"yyyy-MM":                "needs d",
		"YYYY-MM-dd":             "YYYY",
		"yyyy-DDD":               "DDD",
		"yyyy-MM-dd[ HH]":        "optional",
		"yyyy-MM-dd HH":          "has no H",
		"yyyy-MM-dd'":            "not closed",
		"yyyy-MM-ddTyyyy":        "quotes: 'T'",
		"yyyy-MM-dd yyyy":        "twice",
		"yyyy-MM-ddXXX":          "has no Z",
		"yyyy–MM–dd":             "ASCII",
		"yyyy-MM-dd G":           "G",
		"%Y-%m-%d":               "pattern letters Y",
		strings.Repeat("-", 201): "longer than 200",
	} {
		_, findings := contract.Parse("c.yaml", []byte(header+"      - {name: v, logicalType: date, logicalTypeOptions: {format: \""+format+"\"}}\n"))
		if len(findings) != 1 || findings[0].Code != "contract/format" || !strings.Contains(findings[0].Message, why) {
			t.Errorf("%s: %v", format, findings)
		}
	}
	for format, why := range map[string]string{
		"yyyy-MM-dd hh:mm":      "either H, or h with a",
		"yyyy-MM-dd HH:mm a":    "belong together",
		"XXX yyyy-MM-dd HH:mm":  "last part",
		"yyyy-MM-dd HH:mmXXX ]": "not read",
		"yyyy-MM-dd HH:mmXXX x": "x",
		"yyyy-MM-dd HH:mmX.":    "last part",
		"yyyy-MM-dd HH:mm:ss.S": "S",
	} {
		_, findings := contract.Parse("c.yaml", []byte(header+"      - {name: v, logicalType: timestamp, logicalTypeOptions: {format: \""+format+"\"}}\n"))
		if len(findings) != 1 || findings[0].Code != "contract/format" || !strings.Contains(findings[0].Message, why) {
			t.Errorf("%s: %v", format, findings)
		}
	}
}

func FuzzTimeFormat(f *testing.F) {
	for _, format := range []string{"yyyy-MM-dd", "dd.MM.yyyy HH:mm:ss", "'x'yyyyMMdd", "%Y", "EEE''d MMM yyyy h a mm"} {
		f.Add(format)
	}
	f.Fuzz(func(t *testing.T, format string) {
		for _, logicalType := range []string{"date", "timestamp", "time"} {
			text, err := contract.Render(&contract.Contract{
				APIVersion: "v3.1.0", Kind: contract.Kind, ID: "f", Version: "1.0.0", Status: "draft",
				Schema: []contract.Object{{Name: "f", Properties: []contract.Property{{Name: "v", BaseProperty: contract.BaseProperty{
					LogicalType: logicalType, LogicalTypeOptions: &contract.TypeOptions{Format: format},
				}}}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			c, findings := contract.Parse("f.yaml", text)
			if (c == nil) != report.HasErrors(findings) {
				t.Fatalf("contract %v beside %v", c, findings)
			}
		}
	})
}

func TestDefaultTimezone(t *testing.T) {
	c := parse(t, header+"      - {name: k, logicalType: integer}\n      - {name: v, logicalType: timestamp, logicalTypeOptions: {defaultTimezone: Australia/Sydney}}\n")
	s, table := open(t, map[string]string{"a.csv": "k,v\n1,2013-10-01 12:00:00\n2,2013-10-01 12:00\n3,2013-10-01T12:00:00Z\n"})
	sql, err := c.TypedSelect(table)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"2013-10-01 02:00:00"}, {"2013-10-01 02:00:00"}, {"2013-10-01 12:00:00"}}
	if diff := cmp.Diff(want, query(t, s, "SELECT v::VARCHAR FROM ("+sql+") ORDER BY k")); diff != "" {
		t.Error(diff)
	}
}
