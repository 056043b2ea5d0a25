package pipeline_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline"
)

const shop = "../actions/testdata/shop"

// edited reads the shop's pipeline with edits, each an old text and a new one,
// and its deliveries contract with custom properties at its schema object.
func edited(t *testing.T, custom string, edits ...string) (*pipeline.Config, []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(shop, "pipeline.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	file := string(text)
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(file, edits[i]) {
			t.Fatalf("pipeline.yaml has no %q", edits[i])
		}
		file = strings.Replace(file, edits[i], edits[i+1], 1)
	}
	config, findings := pipeline.ParseConfig(filepath.Join(shop, "pipeline.yaml"), []byte(file))
	if config == nil {
		t.Fatal(findings)
	}
	_, findings = config.ReadContracts(func(path string) ([]byte, error) {
		text, err := os.ReadFile(path)
		if strings.Contains(path, "deliveries") {
			text = []byte(strings.Replace(string(text), "    physicalType: file\n", "    customProperties: ["+custom+"]\n", 1))
		}
		return text, err
	})
	var codes []string
	for _, f := range findings {
		codes = append(codes, f.Code+" "+f.Position.String()[len(shop)+1:])
	}
	return config, codes
}

func TestSettingsThatMayStandInTheContract(t *testing.T) {
	for name, test := range map[string]struct {
		custom string
		edits  []string
		want   []string
	}{
		"all in the file":           {"", nil, nil},
		"in both, the same":         {"{property: linecook.eventTime, value: ' ordered_at '}", nil, nil},
		"event time in neither":     {"", []string{"    event_time: ordered_at\n", ""}, []string{"config/no-event-time pipeline.yaml:8:5"}},
		"event time in both":        {"{property: linecook.eventTime, value: date}", nil, []string{"config/contradiction pipeline.yaml:12:17"}},
		"known-at time in neither":  {"", []string{"    known_at: ordered_at\n", ""}, []string{"config/no-known-at pipeline.yaml:8:5"}},
		"partition in neither":      {"", []string{"    partition: date\n", "", "  entity: [customer]\n  partition: date\n", "  entity: [customer]\n"}, []string{"config/no-partition pipeline.yaml:25:3"}},
		"partition of observations": {"", []string{"    partition: date\n", ""}, []string{"config/partition pipeline.yaml:29:14"}},
		"partition in the contract": {"{property: linecook.partition, value: date}", []string{"    partition: date\n", "", "  entity: [customer]\n  partition: date\n", "  entity: [customer]\n"}, nil},
		"entity in the contract":    {"{property: linecook.entityKey, value: [shop, customer]}", []string{"  entity: [customer]\n", ""}, nil},
		"entity in neither":         {"", []string{"  entity: [customer]\n", ""}, []string{"config/no-entity pipeline.yaml:26:3"}},
		"entity in both":            {"{property: linecook.entityKey, value: [shop]}", nil, []string{"config/contradiction pipeline.yaml:29:11"}},
		"a column of scores":        {"", []string{"  key: [date, customer]\n", "  key: [date, customer, Status]\n"}, []string{"config/output-column pipeline.yaml:28:8"}},
		"label in neither":          {"", []string{"  expression: minutes_late > 15\n", ""}, []string{"config/no-label pipeline.yaml:33:3"}},
		"label in the contract":     {"{property: linecook.label, value: minutes_late > 15}, {property: linecook.labelKnownAt, value: ordered_at}", []string{"  expression: minutes_late > 15\n  known_at: ordered_at + to_minutes(60 + minutes_late)\n", ""}, nil},
		"an object that is not":     {"", []string{"    partition: date\n", "    partition: date\n    object: others\n"}, []string{"config/object pipeline.yaml:8:5"}},
		"the object that is":        {"", []string{"    partition: date\n", "    partition: date\n    object: deliveries\n"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := edited(t, test.custom, test.edits...)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatTheContractSaysIsUsedAndPlaced(t *testing.T) {
	config, codes := edited(t, "{property: linecook.eventTime, value: ordered_at - INTERVAL 1 HOUR}, {property: linecook.entityKey, value: [shop]}",
		"    event_time: ordered_at\n", "", "  entity: [customer]\n", "")
	if codes != nil {
		t.Fatal(codes)
	}
	if config.Sources[0].EventTime != "ordered_at - INTERVAL 1 HOUR" || !cmp.Equal(config.Observations.Entity, []string{"shop"}) {
		t.Errorf("%+v %+v", config.Sources[0], config.Observations)
	}
	if place := config.At("sources", 0, "event_time"); !strings.HasSuffix(place.File, "deliveries.odcs.yaml") || place.Line != 10 {
		t.Errorf("%s", place)
	}
	if place := config.At("sources", 1, "event_time"); !strings.HasSuffix(place.File, "pipeline.yaml") {
		t.Errorf("%s", place)
	}
}

// Resolving with other contracts starts from the file again: nothing of the
// first contracts is left.
func TestResolveStartsFromTheFile(t *testing.T) {
	config, _ := edited(t, "{property: linecook.eventTime, value: date}", "    event_time: ordered_at\n", "")
	contracts, findings := config.ReadContracts(os.ReadFile)
	if len(contracts) != 2 || len(findings) != 1 || findings[0].Code != "config/no-event-time" || config.Sources[0].EventTime != "" {
		t.Errorf("%v %v %q", contracts, findings, config.Sources[0].EventTime)
	}
}

func TestContractsThatCannotBeRead(t *testing.T) {
	config, _ := edited(t, "")
	contracts, findings := config.ReadContracts(func(string) ([]byte, error) { return nil, errors.New("it is not there") })
	if len(contracts) != 0 || len(findings) != 2 || findings[0].Code != "config/no-contract" {
		t.Errorf("%v %v", contracts, findings)
	}
}
