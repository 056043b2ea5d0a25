package contract_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linecook-ml/linecook/pipeline/contract"
)

const departures = `apiVersion: v3.1.0
kind: DataContract
id: flights
name: flights
version: 1.2.3
status: active
description: {purpose: Departures., limitations: Empty until the flight has left., usage: Read it.}
tags: [air]
servers:
  - {server: lake, type: s3, location: s3://bucket/flights, format: parquet}
  - {server: old, type: local, path: /data, format: csv}
price: {priceAmount: 10, priceCurrency: USD, priceUnit: month}
roles:
  - {role: reader, access: read}
slaProperties:
  - {property: latency, value: 4, unit: h}
  - {property: retention, value: 3, unit: y}
  - {property: frequency, value: 1, unit: d}
  - {property: endOfLife, value: "2030-01-01"}
schema:
  - name: flights
    dataGranularityDescription: One row a departure.
    properties:
      - {name: date, logicalType: date, required: true, primaryKey: true, primaryKeyPosition: 1, logicalTypeOptions: {minimum: "2013-01-01"}}
      - {name: flight, logicalType: integer, primaryKey: true, primaryKeyPosition: 2, logicalTypeOptions: {format: i32, minimum: 1, maximum: 9999, multipleOf: 2}}
      - {id: col_air, name: airline, logicalType: string, physicalType: VARCHAR(2), classification: public, logicalTypeOptions: {minLength: 2, maxLength: 2, pattern: "^[A-Z0-9]+$", format: uuid}}
      - {name: delay, logicalType: number, physicalName: dep_delay, businessName: Delay, description: Minutes behind schedule., customProperties: [{property: unit, value: minutes}, {property: vendor.x, value: 1}]}
      - {name: seen, logicalType: timestamp, logicalTypeOptions: {timezone: true, defaultTimezone: Etc/UTC, maximum: "2030-01-01T00:00:00Z"}}
      - {name: notes, logicalType: boolean, unique: true, partitioned: true, partitionKeyPosition: 1}
      - name: origin
        logicalType: string
        transformLogic: upper(airport)
        examples: [EWR]
        relationships: [{to: airports.code}]
        quality:
          - metric: invalidValues
            arguments: {validValues: [EWR, JFK, LGA]}
            mustBe: 0
          - {metric: missingValues, arguments: {missingValues: ["", "-"]}, mustBeLessThan: 5, unit: percent}
          - {type: text, description: Airports are in New York.}
    quality:
      - {name: enough, metric: rowCount, mustBeGreaterThan: 300}
      - {name: hint, metric: rowCount, mustBeLessThan: 9000, severity: warning}
      - {metric: duplicateValues, arguments: {properties: [flight, origin]}, mustBe: 0}
`

func base(t *testing.T, text string) *contract.Contract {
	t.Helper()
	c, findings := contract.ParseBase("flights.odcs.yaml", []byte(text))
	if c == nil {
		t.Fatalf("%v\n%s", findings, text)
	}
	return c
}

// levels says what a list of changes is, one a line: kind, then what it is for
// producers, consumers and the model.
func levels(changes []contract.Change) string {
	var lines []string
	for _, c := range changes {
		lines = append(lines, fmt.Sprintf("%s %s %s %s", c.Kind, c.Producers, c.Consumers, c.Model))
	}
	return strings.Join(lines, "; ")
}

// Each edit there, and back.
func TestChangesBothWays(t *testing.T) {
	const (
		note       = "documentation documentation none"
		tightened  = "breaking compatible none"
		loosened   = "compatible breaking recheck"
		both       = "breaking breaking recheck"
		redefined  = "breaking breaking retrain"
		compatible = "compatible compatible none"
	)
	for _, test := range []struct{ name, old, new, there, back string }{
		{"an optional property", "      - {name: notes,", "      - {name: extra, logicalType: string}\n      - {name: notes,",
			"property-added " + tightened, "property-removed compatible breaking retrain"},
		{"a required property", "      - {name: notes,", "      - {name: extra, logicalType: string, required: true}\n      - {name: notes,",
			"property-added " + tightened, "property-removed compatible breaking retrain"},
		{"a part of the key as a new property", "      - {name: notes,", "      - {name: extra, logicalType: string, primaryKey: true}\n      - {name: notes,",
			"property-added " + tightened + "; key-changed " + redefined, "property-removed compatible breaking retrain; key-changed " + redefined},
		{"renamed, known by its id", "name: airline, logicalType: string, physicalType: VARCHAR(2)", "name: carrier, logicalType: string, physicalType: VARCHAR(3)",
			"property-renamed " + redefined + "; physical-type " + both, "property-renamed " + redefined + "; physical-type " + both},
		{"renamed, known by its definition", "{name: notes,", "{name: remarks,",
			"property-renamed " + redefined, "property-renamed " + redefined},
		{"renamed in the contract only", "{name: delay,", "{name: lateness,",
			"property-renamed compatible breaking recheck", "property-renamed compatible breaking recheck"},
		{"the column's name", "physicalName: dep_delay", "physicalName: delay_min", "physical-name " + redefined, "physical-name " + redefined},
		{"the same column's name, said", "{name: notes,", "{name: notes, physicalName: notes,", "documentation " + note, "documentation " + note},
		{"columns in another order", "      - {name: date, logicalType: date, required: true, primaryKey: true, primaryKeyPosition: 1, logicalTypeOptions: {minimum: \"2013-01-01\"}}\n      - {name: flight, logicalType: integer, primaryKey: true, primaryKeyPosition: 2, logicalTypeOptions: {format: i32, minimum: 1, maximum: 9999, multipleOf: 2}}\n",
			"      - {name: flight, logicalType: integer, primaryKey: true, primaryKeyPosition: 2, logicalTypeOptions: {format: i32, minimum: 1, maximum: 9999, multipleOf: 2}}\n      - {name: date, logicalType: date, required: true, primaryKey: true, primaryKeyPosition: 1, logicalTypeOptions: {minimum: \"2013-01-01\"}}\n",
			"property-reordered " + compatible, "property-reordered " + compatible},
		{"an id", "{id: col_air, ", "{id: col_carrier, ", "id documentation breaking none", "id documentation breaking none"},

		{"a narrower type", "delay, logicalType: number", "delay, logicalType: integer", "type-narrowed breaking compatible recheck", "type-widened compatible breaking recheck"},
		{"another type", "notes, logicalType: boolean", "notes, logicalType: string", "type-changed " + redefined, "type-changed " + redefined},
		{"the storage's type", "physicalType: VARCHAR(2), ", "", "physical-type " + loosened, "physical-type " + tightened},
		{"the storage's type in capitals", "VARCHAR(2)", "varchar(2)", "physical-type " + note, "physical-type " + note},
		{"required", "delay, logicalType: number", "delay, logicalType: number, required: true", "required-added breaking compatible recheck", "required-removed " + loosened},
		{"not required, said", "delay, logicalType: number", "delay, logicalType: number, required: false", "documentation " + note, "documentation " + note},
		{"unique", "unique: true, ", "", "unique-removed " + loosened, "unique-added " + tightened},

		{"the key's order", "primaryKeyPosition: 1, logicalTypeOptions: {minimum: \"2013-01-01\"}}\n      - {name: flight, logicalType: integer, primaryKey: true, primaryKeyPosition: 2", "primaryKeyPosition: 2, logicalTypeOptions: {minimum: \"2013-01-01\"}}\n      - {name: flight, logicalType: integer, primaryKey: true, primaryKeyPosition: 1",
			"key-reordered compatible breaking none", "key-reordered compatible breaking none"},
		{"the key", "flight, logicalType: integer, primaryKey: true, primaryKeyPosition: 2", "flight, logicalType: integer", "key-changed " + redefined, "key-changed " + redefined},

		{"a longer minimum", "minLength: 2", "minLength: 3", "minLength-tightened " + tightened, "minLength-loosened " + loosened},
		{"a shorter maximum", "maxLength: 2", "maxLength: 1", "maxLength-tightened " + tightened, "maxLength-loosened " + loosened},
		{"no maximum", ", maxLength: 2", "", "maxLength-loosened " + loosened, "maxLength-tightened " + tightened},
		{"a pattern", "^[A-Z0-9]+$", "^[A-Z]+$", "pattern-changed " + both, "pattern-changed " + both},
		{"no pattern", `pattern: "^[A-Z0-9]+$", `, "", "pattern-loosened " + loosened, "pattern-tightened " + tightened},
		{"another format", "format: uuid", "format: email", "format-changed " + both, "format-changed " + both},
		{"a wider integer", "format: i32", "format: i64", "format-loosened " + loosened, "format-tightened " + tightened},
		{"an unsigned integer", "format: i32", "format: u16", "format-tightened " + tightened, "format-loosened " + loosened},
		{"an unsigned integer of the same width", "format: i32", "format: u32", "format-changed " + both, "format-changed " + both},
		{"a higher minimum", "minimum: 1,", "minimum: 10,", "range-tightened " + tightened, "range-loosened " + loosened},
		{"an exclusive minimum", "minimum: 1,", "exclusiveMinimum: 1,", "range-tightened " + tightened, "range-loosened " + loosened},
		{"an exclusive minimum of whole numbers that is the same", "minimum: 1,", "exclusiveMinimum: 0,", "documentation " + note, "documentation " + note},
		{"an exclusive maximum of whole numbers that is the same", "maximum: 9999,", "exclusiveMaximum: 10000,", "documentation " + note, "documentation " + note},
		{"a lower maximum", "maximum: 9999,", "maximum: 999,", "range-tightened " + tightened, "range-loosened " + loosened},
		{"the same maximum", "maximum: 9999,", "maximum: 9999.0,", "documentation " + note, "documentation " + note},
		{"no maximum any more", "maximum: 9999, ", "", "range-loosened " + loosened, "range-tightened " + tightened},
		{"a later day", `minimum: "2013-01-01"`, `minimum: "2014-01-01"`, "range-tightened " + tightened, "range-loosened " + loosened},
		{"the same moment", "2030-01-01T00:00:00Z", "2030-01-01T01:00:00+01:00", "documentation " + note, "documentation " + note},
		{"a multiple", "multipleOf: 2", "multipleOf: 6", "multiple-tightened " + tightened, "multiple-loosened " + loosened},
		{"another multiple", "multipleOf: 2", "multipleOf: 3", "multiple-changed " + both, "multiple-changed " + both},
		{"a time zone", "defaultTimezone: Etc/UTC", "defaultTimezone: Europe/Paris", "timezone " + redefined, "timezone " + redefined},
		{"the default time zone, said", "defaultTimezone: Etc/UTC, ", "", "documentation " + note, "documentation " + note},
		{"values with a time zone", "timezone: true", "timezone: false", "timezone " + redefined, "timezone " + redefined},

		{"a value of a list", "[EWR, JFK, LGA]", "[EWR, JFK]", "enum-shrunk " + both, "enum-grown " + loosened},
		{"another value of a list", "[EWR, JFK, LGA]", "[EWR, JFK, SWF]", "enum-shrunk " + both + "; enum-grown " + loosened, "enum-shrunk " + both + "; enum-grown " + loosened},
		{"values in another order", "[EWR, JFK, LGA]", "[LGA, JFK, EWR]", "documentation " + note, "documentation " + note},
		{"what is missing", `missingValues: ["", "-"]`, `missingValues: [""]`, "missing-values-shrunk " + both, "missing-values-grown " + both},
		{"a share", "mustBeLessThan: 5, unit: percent", "mustBeLessThan: 4, unit: percent", "rule-tightened " + tightened, "rule-loosened " + loosened},
		{"a count for a share", "mustBeLessThan: 5, unit: percent", "mustBeLessThan: 5", "rule-changed " + both, "rule-changed " + both},
		{"more rows", "mustBeGreaterThan: 300", "mustBeGreaterThan: 400", "rule-tightened " + tightened, "rule-loosened " + loosened},
		{"as many rows", "mustBeGreaterThan: 300", "mustBeGreaterOrEqualTo: 301", "documentation " + note, "documentation " + note},
		{"other rows", "mustBeGreaterThan: 300", "mustBeBetween: [200, 500]", "rule-changed " + both, "rule-changed " + both},
		{"rows up to a number", "mustBeGreaterThan: 300", "mustBeBetween: [301, 500]", "rule-tightened " + tightened, "rule-loosened " + loosened},
		{"a hint", "mustBeLessThan: 9000, severity: warning", "mustBeLessThan: 8000, severity: warning", "rule-tightened " + compatible, "rule-loosened " + compatible},
		{"a hint that stops", "mustBeLessThan: 9000, severity: warning", "mustBeLessThan: 9000", "rule-tightened " + tightened, "rule-loosened " + loosened},
		{"a hint that is a note", "severity: warning", "severity: info", "rule-severity " + compatible, "rule-severity " + compatible},
		{"a rule", "      - {name: enough, metric: rowCount, mustBeGreaterThan: 300}\n", "", "rule-removed " + loosened, "rule-added " + tightened},
		{"a rule for people", "          - {type: text, description: Airports are in New York.}\n", "", "rule-removed " + note, "rule-added " + note},
		{"a rule's columns", "properties: [flight, origin]", "properties: [flight]", "rule-changed " + both, "rule-changed " + both},
		{"a rule's metric", "metric: missingValues, arguments: {missingValues: [\"\", \"-\"]}", "metric: nullValues", "rule-removed " + both + "; rule-added " + tightened, "rule-removed " + loosened + "; rule-added " + both},

		{"the unit", "value: minutes", "value: hours", "unit-changed " + redefined, "unit-changed " + redefined},
		{"no unit", "{property: unit, value: minutes}, ", "", "custom-property-removed compatible breaking recheck", "custom-property-added documentation documentation recheck"},
		{"a stranger's setting", "property: vendor.x, value: 1", "property: vendor.x, value: 2", "custom-property-changed " + both, "custom-property-changed " + both},
		{"the unit in words", "Minutes behind", "Hours behind", "unit-changed " + redefined, "unit-changed " + redefined},
		{"the meaning in words", "behind schedule", "behind the first plan", "meaning documentation documentation recheck", "meaning documentation documentation recheck"},
		{"the spelling", "Minutes behind schedule.", "minutes behind schedule", "documentation " + note, "documentation " + note},
		{"the name in business", "businessName: Delay", "businessName: Lateness", "meaning compatible compatible recheck", "meaning compatible compatible recheck"},
		{"the grain in words", "One row a departure.", "One row an arrival.", "meaning documentation documentation recheck", "meaning documentation documentation recheck"},
		{"the derivation", "upper(airport)", "lower(airport)", "derivation " + both, "derivation " + both},
		{"an example", "[EWR]\n", "[JFK]\n", "documentation " + note, "documentation " + note},
		{"a foreign key", "        relationships: [{to: airports.code}]\n", "", "relationships " + loosened, "relationships " + tightened},
		{"the classification", "classification: public", "classification: restricted", "classification " + both, "classification " + both},
		{"the partition", "partitionKeyPosition: 1", "partitionKeyPosition: 2", "partition breaking breaking none", "partition breaking breaking none"},

		{"retired", "status: active", "status: retired", "retired compatible breaking recheck", "status " + compatible},
		{"deprecated", "status: active", "status: deprecated", "deprecated " + compatible, "status " + compatible},
		{"a draft again", "status: active", "status: draft", "promise-withdrawn compatible breaking recheck", "status " + compatible},
		{"no status of the standard", "status: active", "status: agile", "status " + both, "status " + both},
		{"another contract", "id: flights", "id: planes", "contract-id " + redefined, "contract-id " + redefined},
		{"the version itself", "version: 1.2.3", "version: 1.2.4", "version " + note, "version " + note},
		{"the purpose", "purpose: Departures.", "purpose: Arrivals.", "documentation " + note, "documentation " + note},
		{"the table", "  - name: flights\n    data", "  - name: planes\n    data", "object-renamed " + both, "object-renamed " + both},
		{"a server moved", "s3://bucket/flights", "s3://bucket/planes", "server-moved breaking breaking none", "server-moved breaking breaking none"},
		{"a server", "  - {server: old, type: local, path: /data, format: csv}\n", "", "server-removed compatible breaking none", "server-added " + compatible},
		{"the price", "priceAmount: 10", "priceAmount: 11", "price compatible breaking none", "price " + compatible},
		{"the access", "access: read", "access: write", "role-access compatible breaking none", "role-access compatible breaking none"},
		{"a faster promise", "value: 4, unit: h", "value: 30, unit: min", "sla-tightened " + tightened, "sla-loosened " + loosened},
		{"the same promise", "value: 4, unit: h", "value: 240, unit: minutes", "sla-respelled " + note, "sla-respelled " + note},
		{"kept for less", "value: 3, unit: y", "value: 2, unit: y", "sla-changed " + both, "sla-changed " + both},
		{"less often", "value: 1, unit: d", "value: 2, unit: d", "sla-loosened " + loosened, "sla-tightened " + tightened},
		{"a later end", "2030-01-01\"}", "2031-01-01\"}", "sla-tightened " + tightened, "sla-loosened " + loosened},
		{"a promise", "  - {property: latency, value: 4, unit: h}\n", "", "sla-removed " + loosened, "sla-added " + tightened},
		{"a promise by its short name", "property: latency", "property: ly", "documentation " + note, "documentation " + note},
	} {
		t.Run(test.name, func(t *testing.T) {
			if n := strings.Count(departures, test.old); n != 1 {
				t.Fatalf("%q stands %d times in the contract", test.old, n)
			}
			before, after := base(t, departures), base(t, strings.Replace(departures, test.old, test.new, 1))
			if diff := cmp.Diff(test.there, levels(contract.Compare(before, after))); diff != "" {
				t.Errorf("there: %s", diff)
			}
			if diff := cmp.Diff(test.back, levels(contract.Compare(after, before))); diff != "" {
				t.Errorf("back: %s", diff)
			}
		})
	}
}

// Edits of one property, each there and back.
func TestChangesOfOneProperty(t *testing.T) {
	const head = "apiVersion: v3.1.0\nkind: DataContract\nid: a\nversion: 1.0.0\nstatus: active\nschema: [{name: t, properties: [{name: c, "
	for _, test := range []struct{ name, old, new, there, back string }{
		{"a later time of day", `logicalType: time, logicalTypeOptions: {minimum: "08:00"}`, `logicalType: time, logicalTypeOptions: {minimum: "09:00:00"}`,
			"range-tightened breaking compatible none", "range-loosened compatible breaking recheck"},
		{"integers up to 32 bits", "logicalType: integer", "logicalType: integer, logicalTypeOptions: {format: i32}",
			"format-tightened breaking compatible none", "format-loosened compatible breaking recheck"},
		{"integers up to 128 bits", "logicalType: integer", "logicalType: integer, logicalTypeOptions: {format: i128}",
			"format-loosened compatible breaking recheck", "format-tightened breaking compatible none"},
		{"integers from 0 on", "logicalType: integer", "logicalType: integer, logicalTypeOptions: {format: u64}",
			"format-changed breaking breaking recheck", "format-changed breaking breaking recheck"},
		{"small integers from 0 on", "logicalType: integer", "logicalType: integer, logicalTypeOptions: {format: u32}",
			"format-tightened breaking compatible none", "format-loosened compatible breaking recheck"},
		{"the default of integers, said", "logicalType: integer", "logicalType: integer, logicalTypeOptions: {format: i64}",
			"documentation documentation documentation none", "documentation documentation documentation none"},
		{"the default of numbers, said", "logicalType: number", "logicalType: number, logicalTypeOptions: {format: f64}",
			"documentation documentation documentation none", "documentation documentation documentation none"},
		{"numbers of 32 bits", "logicalType: number", "logicalType: number, logicalTypeOptions: {format: f32}",
			"format-tightened breaking compatible none", "format-loosened compatible breaking recheck"},
		{"the default of dates, said", "logicalType: date", "logicalType: date, logicalTypeOptions: {format: yyyy-MM-dd}",
			"documentation documentation documentation none", "documentation documentation documentation none"},
		{"dates in another form", "logicalType: date", "logicalType: date, logicalTypeOptions: {format: dd.MM.yyyy}",
			"format-changed breaking breaking recheck", "format-changed breaking breaking recheck"},
		{"moments in another form", "logicalType: timestamp", "logicalType: timestamp, logicalTypeOptions: {format: yyyyMMddHHmmss}",
			"format-changed breaking breaking recheck", "format-changed breaking breaking recheck"},
		{"a form of texts", "logicalType: string", "logicalType: string, logicalTypeOptions: {format: uuid}",
			"format-tightened breaking compatible none", "format-loosened compatible breaking recheck"},
		{"offsets that are refused", "logicalType: timestamp", "logicalType: timestamp, logicalTypeOptions: {timezone: false}",
			"timezone-tightened breaking compatible none", "timezone-loosened compatible breaking recheck"},
		{"offsets that are asked for", "logicalType: timestamp, logicalTypeOptions: {defaultTimezone: UTC}", "logicalType: timestamp, logicalTypeOptions: {defaultTimezone: UTC, timezone: true}",
			"timezone-tightened breaking compatible none", "timezone-loosened compatible breaking recheck"},
		{"offsets that no time of day has", "logicalType: time", "logicalType: time, logicalTypeOptions: {timezone: false}",
			"documentation documentation documentation none", "documentation documentation documentation none"},
		{"a later moment in a zone", `logicalType: timestamp, logicalTypeOptions: {defaultTimezone: Europe/Berlin, maximum: "2024-01-01T00:00:00"}`, `logicalType: timestamp, logicalTypeOptions: {defaultTimezone: Europe/Berlin, maximum: "2024-01-02"}`,
			"range-loosened compatible breaking recheck", "range-tightened breaking compatible none"},
		{"a moment in a zone, and one with an offset", `logicalType: timestamp, logicalTypeOptions: {defaultTimezone: Europe/Berlin, maximum: "2024-01-01T00:00:00"}`, `logicalType: timestamp, logicalTypeOptions: {defaultTimezone: Europe/Berlin, maximum: "2024-01-01T00:00:00Z"}`,
			"range-changed breaking breaking recheck", "range-changed breaking breaking recheck"},
		{"a moment without an offset in UTC", `logicalType: timestamp, logicalTypeOptions: {maximum: "2024-01-01T00:00:00"}`, `logicalType: timestamp, logicalTypeOptions: {maximum: "2024-01-01T01:00:00+01:00"}`,
			"documentation documentation documentation none", "documentation documentation documentation none"},
		{"an end that is no time of day", `logicalType: time, logicalTypeOptions: {minimum: "08:00"}`, `logicalType: time, logicalTypeOptions: {minimum: noon}`,
			"range-changed breaking breaking recheck", "range-changed breaking breaking recheck"},
		{"whole numbers beyond a float64", "logicalType: integer, logicalTypeOptions: {maximum: 9007199254740993}", "logicalType: integer, logicalTypeOptions: {maximum: 9007199254740992}",
			"range-tightened breaking compatible none", "range-loosened compatible breaking recheck"},
		{"the stronger of two ends", "logicalType: integer, logicalTypeOptions: {minimum: 3, exclusiveMinimum: 1}", "logicalType: integer, logicalTypeOptions: {exclusiveMinimum: 3}",
			"range-tightened breaking compatible none", "range-loosened compatible breaking recheck"},
		{"a setting of linecook's", "customProperties: [{property: linecook.x, value: a}]", "customProperties: [{property: linecook.x, value: b}]",
			"custom-property-changed breaking breaking retrain", "custom-property-changed breaking breaking retrain"},
		{"linecook's word on the last line", "customProperties: [{property: linecook.lastLineEnds, value: false}]", "customProperties: [{property: linecook.lastLineEnds, value: true}]",
			"custom-property-changed breaking compatible none", "custom-property-changed breaking compatible none"},
		{"a query", "quality: [{type: sql, query: SELECT 1, mustBe: 1}]", "quality: [{type: sql, query: SELECT 2, mustBe: 1}]",
			"rule-changed breaking breaking recheck", "rule-changed breaking breaking recheck"},
		{"a rule with two operators", "quality: [{metric: nullValues, mustBeLessThan: 9}]", "quality: [{metric: nullValues, mustBeLessThan: 9, mustBeGreaterThan: 3}]",
			"rule-changed breaking breaking recheck", "rule-changed breaking breaking recheck"},
		{"what many are asked for", "quality: [{metric: invalidValues, arguments: {validValues: [a]}, mustBeGreaterThan: 3}]", "quality: [{metric: invalidValues, arguments: {validValues: [a, b]}, mustBeGreaterThan: 3}]",
			"enum-grown breaking breaking recheck", "enum-shrunk breaking breaking recheck"},
		{"what a hint lists as missing", `quality: [{metric: missingValues, severity: warning, arguments: {missingValues: ["-"]}, mustBe: 0}]`, `quality: [{metric: missingValues, severity: warning, arguments: {missingValues: ["-", "0"]}, mustBe: 0}]`,
			"missing-values-grown breaking breaking recheck", "missing-values-shrunk breaking breaking recheck"},
		{"a hint that lists what is missing", "quality: []", "quality: [{metric: missingValues, severity: info, arguments: {missingValues: [-1]}, mustBe: 0}]",
			"rule-added breaking breaking recheck", "rule-removed breaking breaking recheck"},
		{"a hint that asks for less of what is missing", "quality: [{metric: missingValues, severity: info, arguments: {missingValues: [-1]}, mustBe: 0}]", "quality: [{metric: missingValues, severity: info, arguments: {missingValues: [-1]}, mustBeLessThan: 9}]",
			"rule-loosened compatible compatible none", "rule-tightened compatible compatible none"},
		{"null, which is always missing", "quality: [{metric: missingValues, arguments: {missingValues: [-1]}, mustBe: 0}]", "quality: [{metric: missingValues, arguments: {missingValues: [null, -1]}, mustBe: 0}]",
			"documentation documentation documentation none", "documentation documentation documentation none"},
		{"a list of values", "quality: [{metric: invalidValues, arguments: {pattern: a}, mustBe: 0}]", "quality: [{metric: invalidValues, arguments: {pattern: a, validValues: [a]}, mustBe: 0}]",
			"enum-added breaking compatible recheck", "enum-removed compatible breaking recheck"},
		{"a part of a nested object", "logicalType: object, properties: [{name: x, logicalType: string}]", "logicalType: object, properties: [{name: x, logicalType: string}, {name: y, logicalType: string, required: true}]",
			"property-added breaking compatible none", "property-removed compatible breaking retrain"},
		{"an optional part of a nested object", "logicalType: object, properties: [{name: x, logicalType: string}]", "logicalType: object, properties: [{name: x, logicalType: string}, {name: y, logicalType: string}]",
			"property-added breaking compatible none", "property-removed compatible breaking retrain"},
		{"the elements of a list", "logicalType: array, items: {logicalType: number}", "logicalType: array, items: {logicalType: integer}",
			"type-narrowed breaking compatible recheck", "type-widened compatible breaking recheck"},
		{"what an object must have", "logicalType: object, logicalTypeOptions: {required: [x]}", "logicalType: object, logicalTypeOptions: {required: [x, y]}",
			"required-tightened breaking compatible none", "required-loosened compatible breaking recheck"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, after := base(t, head+test.old+"}]}]"), base(t, head+test.new+"}]}]")
			if diff := cmp.Diff(test.there, levels(contract.Compare(before, after))); diff != "" {
				t.Errorf("there: %s", diff)
			}
			if diff := cmp.Diff(test.back, levels(contract.Compare(after, before))); diff != "" {
				t.Errorf("back: %s", diff)
			}
		})
	}
}

// Comments, quotes and the order of keys are no edits.
func TestWhatIsNoEdit(t *testing.T) {
	text := strings.Replace(departures, "status: active\n", "", 1)
	text = "status: \"active\" # still\n" + strings.Replace(text, "priceAmount: 10,", "priceAmount: 10.0,", 1)
	if changes := contract.Compare(base(t, departures), base(t, text)); len(changes) > 0 {
		t.Errorf("%+v", changes)
	}
}

// A change stands at its place in the new file; what is gone, at the place that
// is left.
func TestPositionsOfChanges(t *testing.T) {
	for _, test := range []struct{ old, new, path, position string }{
		{"mustBeGreaterThan: 300", "mustBeGreaterThan: 400", "schema.flights.quality.enough.mustBeGreaterThan", "flights.odcs.yaml:42:61"},
		{"{name: notes,", "{name: remarks,", "schema.flights.properties.remarks.name", "flights.odcs.yaml:29:16"},
		{"      - {name: enough, metric: rowCount, mustBeGreaterThan: 300}\n", "", "schema.flights.quality.enough", "flights.odcs.yaml:42:7"},
	} {
		changes := contract.Compare(base(t, departures), base(t, strings.Replace(departures, test.old, test.new, 1)))
		if len(changes) != 1 || changes[0].Path != test.path || changes[0].Position.String() != test.position {
			t.Errorf("%s: %+v", test.new, changes)
		}
	}
}

func ExampleCompare() {
	before, _ := contract.ParseBase("flights.odcs.yaml", []byte(departures))
	after, _ := contract.ParseBase("flights.odcs.yaml", []byte(strings.Replace(departures, "[EWR, JFK, LGA]", "[EWR, JFK]", 1)))
	changes := contract.Compare(before, after)
	for _, c := range changes {
		fmt.Printf("%s: %s\n  producers %s, consumers %s, model %s\n", c.Path, c.Message, c.Producers, c.Consumers, c.Model)
	}
	fmt.Println(contract.RequiredBump(changes))
	// Output:
	// schema.flights.properties.origin.quality.invalidValues.arguments.validValues: "LGA" is no longer valid: rows that have it are refused, history included, and readers that select it find nothing
	//   producers breaking, consumers breaking, model recheck
	// major
}

// Any two contracts can be compared; one that is compared with itself has not
// changed, and one that changed says so.
func FuzzCompare(f *testing.F) {
	const small = "apiVersion: v3.1.0\nkind: DataContract\nid: a\nversion: 1.0.0\nstatus: active\nschema:\n" +
		"  - {name: a, properties: [{name: b, logicalType: integer, logicalTypeOptions: {minimum: 1}, quality: [{metric: nullValues, mustBe: 0}]}]}\n"
	f.Add([]byte(small), []byte(strings.Replace(small, "minimum: 1", "minimum: 1e5", 1)))
	f.Add([]byte(small), []byte(strings.Replace(small, "mustBe: 0", "mustBe: true", 1)))
	f.Add([]byte(small), []byte(strings.Replace(small, "version: 1.0.0", "version: 99999999999999999999.0.0", 1)))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		before, _ := contract.ParseBase("a", first)
		after, _ := contract.ParseBase("b", second)
		if before == nil || after == nil {
			return
		}
		if changes := contract.Compare(before, before); len(changes) > 0 {
			t.Fatalf("nothing changed: %+v", changes)
		}
		there, back := contract.Compare(before, after), contract.Compare(after, before)
		if (len(there) == 0) != (len(back) == 0) {
			t.Fatalf("%d changes there, %d back", len(there), len(back))
		}
		contract.CheckVersion(before, after, there)
	})
}
