package contract_test

import (
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// A version must rise as the edits ask: by how much, and no less.
func TestCheckVersion(t *testing.T) {
	breaking := [2]string{"[EWR, JFK, LGA]", "[EWR, JFK]"}
	compatible := [2]string{"{name: hint, metric: rowCount, mustBeLessThan: 9000,", "{name: hint, metric: rowCount, mustBeLessThan: 8000,"}
	documentation := [2]string{"purpose: Departures.", "purpose: Flights."}
	none := [2]string{}
	for _, test := range []struct {
		edit     [2]string
		from, to string
		fault    string
	}{
		{breaking, "1.2.3", "1.2.3", "still says 1.2.3; this asks for a major version"},
		{breaking, "1.2.3", "1.3.0", "from 1.2.3 to 1.3.0; what changed asks for a major version"},
		{breaking, "1.2.3", "2.0.0", ""},
		{breaking, "1.2.3", "2.0.0-rc.1", ""},
		{breaking, "1.2.3", "3.1.4", ""},
		{compatible, "1.2.3", "1.2.4", "asks for a minor version"},
		{compatible, "1.2.3", "1.3.0", ""},
		{compatible, "1.2.3", "2.0.0", ""},
		{documentation, "1.2.3", "1.2.3", "asks for a patch version"},
		{documentation, "1.2.3", "1.2.4", ""},
		{documentation, "1.2.3", "1.2.3+build", "asks for a patch version"},
		{none, "1.2.3", "1.2.4", ""},
		{none, "1.2.3", "1.2.2", "the version fell"},
		{breaking, "1.9.0", "1.10.0", "asks for a major version"},
		{documentation, "1.9.0", "1.10.0", ""},
		{breaking, "0.3.1", "0.3.2", "asks for a minor version"},
		{breaking, "0.3.1", "0.4.0", ""},
		{compatible, "0.3.1", "0.3.2", ""},
		{breaking, "2.0.0-rc.1", "2.0.0-rc.2", ""},
		{breaking, "2.0.0-rc.1", "2.0.0", ""},
		{breaking, "2.0.0-rc.10", "2.0.0-rc.9", "the version fell"},
		{documentation, "1.2.3", "one", "cannot be compared"},
	} {
		t.Run(test.from+" to "+test.to, func(t *testing.T) {
			text := departures
			if test.edit != none {
				text = strings.Replace(text, test.edit[0], test.edit[1], 1)
			}
			before := base(t, strings.Replace(departures, "version: 1.2.3", "version: "+test.from, 1))
			after := base(t, strings.Replace(text, "version: 1.2.3", "version: "+test.to, 1))
			var faults []report.Finding
			for _, f := range contract.CheckVersion(before, after, contract.Compare(before, after)) {
				if f.Code == contract.CodeVersionBump {
					faults = append(faults, f)
				}
			}
			switch {
			case test.fault == "" && len(faults) > 0:
				t.Errorf("%+v", faults)
			case test.fault != "" && (len(faults) != 1 || !strings.Contains(faults[0].Message, test.fault) || faults[0].Severity != report.Error || faults[0].Position.Line != 5):
				t.Errorf("%+v, want %q", faults, test.fault)
			}
		})
	}
}

func TestWhetherTheModelMustBeTrainedAgain(t *testing.T) {
	for _, test := range []struct {
		old, new string
		severity report.Severity
		says     string
	}{
		{"value: minutes", "value: hours", report.Warning, "the model must be trained again: schema.flights.properties.delay.customProperties.unit.value: the unit was \"minutes\" and is now \"hours\""},
		{"[EWR, JFK, LGA]", "[EWR, JFK, LGA, SWF]", report.Info, "its metrics must be looked at"},
		{"purpose: Departures.", "purpose: Flights.", report.Info, "it need not be trained again"},
	} {
		before, after := base(t, departures), base(t, strings.Replace(departures, test.old, test.new, 1))
		said := 0
		for _, f := range contract.CheckVersion(before, after, contract.Compare(before, after)) {
			if f.Code != contract.CodeModel {
				continue
			}
			said++
			if f.Severity != test.severity || !strings.Contains(f.Message, test.says) {
				t.Errorf("%+v, want %s %q", f, test.severity, test.says)
			}
		}
		if said != 1 {
			t.Errorf("%s: said %d times whether to train again", test.new, said)
		}
	}
	same := base(t, departures)
	if findings := contract.CheckVersion(same, same, contract.Compare(same, same)); len(findings) > 0 {
		t.Errorf("without an edit: %+v", findings)
	}
}

// Each change is said once, at its place, with whom it breaks.
func TestFindingsOfChanges(t *testing.T) {
	before := base(t, departures)
	after := base(t, strings.NewReplacer("version: 1.2.3", "version: 2.0.0", "[EWR, JFK, LGA]", "[EWR, JFK]", "purpose: Departures.", "purpose: Flights.").Replace(departures))
	findings := contract.Findings(contract.Compare(before, after))
	if len(findings) != 2 || findings[0].Code != contract.CodeDocumentation || findings[0].Severity != report.Info ||
		findings[1].Code != contract.CodeBreaking || findings[1].Severity != report.Warning || findings[1].Position.Line == 0 ||
		!strings.HasSuffix(findings[1].Message, "(breaking for producers and consumers; the model: recheck)") {
		t.Errorf("%+v", findings)
	}
}

// A contract of the past that cannot be read hides nothing: what changed counts
// as breaking.
func TestAContractOfThePastThatIsNotSound(t *testing.T) {
	after := base(t, strings.Replace(departures, "version: 1.2.3", "version: 2.0.0", 1))
	for _, test := range []struct {
		before   string
		severity report.Severity
	}{
		{strings.Replace(departures, "tags:", "tgas:", 1), report.Warning},
		{strings.Replace(strings.Replace(departures, "tags:", "tgas:", 1), "1.2.3", "1.9.0", 1), report.Warning},
		{strings.Replace(strings.Replace(departures, "tags:", "tgas:", 1), "1.2.3", "2.0.0", 1), report.Error},
		{strings.Replace(strings.Replace(departures, "tags:", "tgas:", 1), "version: 1.2.3\n", "", 1), report.Error},
		{"[", report.Error},
		{"", report.Error},
	} {
		c, faults := contract.ParseBase("main:flights.odcs.yaml", []byte(test.before))
		if c != nil || len(faults) == 0 {
			t.Fatalf("%s is sound", test.before)
		}
		f := contract.CheckUnknown([]byte(test.before), faults, after)
		if f.Code != contract.CodeBaseUnreadable || f.Severity != test.severity || !strings.Contains(f.Message, "main:flights.odcs.yaml") {
			t.Errorf("%+v, want %s", f, test.severity)
		}
	}
}
