# METADATA
# title: Evidence that passes every check
# description: Version 1.1.0 ran two weeks on staging and asks for prod, where 1.0.0 serves. The tests begin here and spoil one thing each.
package linecook.fixture

candidate_id := "sha256:1111111111111111111111111111111111111111111111111111111111111111"

champion_id := "sha256:2222222222222222222222222222222222222222222222222222222222222222"

good := {
	"evidence": {
		"pipeline": "flight-delay",
		"stage": "prod",
		"at": "2013-10-15T06:00:00Z",
		"actor": "ada",
		"candidate": {
			"version": "1.1.0",
			"bundle_id": candidate_id,
			"verified": true,
			"until": "2013-10-01T00:00:00Z",
			"trained_commit": "0123456789abcdef0123456789abcdef01234567",
			"dirty": false,
		},
		"evaluation": {
			"task": "classification",
			"training": {"from": "2013-01-01T00:00:00Z", "to": "2013-08-31T00:00:00Z"},
			"period": {"from": "2013-09-01T00:00:00Z", "to": "2013-10-01T00:00:00Z"},
			"gap_seconds": 86400,
			"rows": 27315,
			"estimates": [
				{"metric": "roc_auc", "slice": "", "value": 0.71, "low": 0.702, "high": 0.718, "level": 0.95, "n": 27315, "positives": 4210},
				{"metric": "log_loss", "slice": "", "value": 0.391, "low": 0.385, "high": 0.398, "level": 0.95, "n": 27315, "positives": 4210},
				{"metric": "roc_auc", "slice": "origin=JFK", "value": 0.69, "low": 0.675, "high": 0.705, "level": 0.95, "n": 9100, "positives": 1300},
			],
		},
		"honesty": {
			"static_passed": true,
			"features_checked": 12,
			"dynamic": {
				"passed": true,
				"cut_offs": ["2013-03-01T14:00:00Z", "2013-06-10T09:29:59.999999Z"],
				"observations": 4000,
				"features": 12,
				"rows_removed": 310000,
				"rows_scrambled": 310000,
				"sample": 2000,
				"seed": 42,
				"snapshot_digest": "sha256:3333333333333333333333333333333333333333333333333333333333333333",
				"definitions_digest": "sha256:4444444444444444444444444444444444444444444444444444444444444444",
			},
		},
		"contract": {"checks": 31, "errors": 0, "rows": 262144},
		"history": [
			{"stage": "staging", "sequence": 1, "version": "1.0.0", "bundle_id": champion_id, "at": "2013-09-01T06:00:00Z"},
			{"stage": "prod", "sequence": 1, "version": "1.0.0", "bundle_id": champion_id, "at": "2013-09-08T06:00:00Z"},
			{"stage": "staging", "sequence": 2, "version": "1.1.0", "bundle_id": candidate_id, "at": "2013-10-01T06:00:00Z"},
		],
		"champion": {
			"version": "1.0.0",
			"bundle_id": champion_id,
			"evaluation": {
				"task": "classification",
				"training": {"from": "2013-01-01T00:00:00Z", "to": "2013-07-31T00:00:00Z"},
				"period": {"from": "2013-08-01T00:00:00Z", "to": "2013-09-01T00:00:00Z"},
				"gap_seconds": 86400,
				"rows": 29100,
				"estimates": [
					{"metric": "roc_auc", "slice": "", "value": 0.7, "low": 0.692, "high": 0.708, "level": 0.95, "n": 29100, "positives": 5900},
					{"metric": "log_loss", "slice": "", "value": 0.4, "low": 0.393, "high": 0.407, "level": 0.95, "n": 29100, "positives": 5900},
					{"metric": "roc_auc", "slice": "origin=JFK", "value": 0.685, "low": 0.67, "high": 0.7, "level": 0.95, "n": 9700, "positives": 1800},
				],
			},
		},
		"runs": [{
			"stage": "staging",
			"bundle_id": candidate_id,
			"days_scored": 14,
			"days_carried_forward": 1,
			"days_stopped": 0,
			"last_date": "2013-10-15",
		}],
	},
	"requirement": {
		"name": "prod",
		"after": "staging",
		"require": [
			"champion_not_worse",
			"clean_commit",
			"contract_clean",
			"evaluated_later",
			"honest_features",
			"in_order",
			"metric_floors",
			"recent_training",
			"staged_days",
		],
		"metrics": [
			{"metric": "roc_auc", "slice": "", "min": 0.65, "min_rows": 1000},
			{"metric": "log_loss", "slice": "", "max": 0.45, "min_rows": 1000},
			{"metric": "roc_auc", "slice": "origin=JFK", "min": 0.6, "min_rows": 500},
		],
		"min_days": 7,
		"max_age_days": 400,
	},
}

# changed is the good input with each value put at its path.
changed(values) := json.patch(good, [{"op": "add", "path": path, "value": value} | some path, value in values])

# without is the good input less what stands at the paths.
without(paths) := json.remove(good, paths)
