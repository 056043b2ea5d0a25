# METADATA
# title: Evidence that passes every check
# description: Version 1.1.0 ran two weeks on staging and asks for prod, where 1.0.0 serves. The tests begin here and spoil one thing each.
package linecook.fixture

candidate_id := "sha256:1111111111111111111111111111111111111111111111111111111111111111"

archive_sha256 := "sha256:5555555555555555555555555555555555555555555555555555555555555555"

champion_id := "sha256:2222222222222222222222222222222222222222222222222222222222222222"

event_digest := "sha256:7777777777777777777777777777777777777777777777777777777777777777"

commit := "0123456789abcdef0123456789abcdef01234567"

head := "89abcdef0123456789abcdef0123456789abcdef"

good := {
	"evidence": {
		"operation": "promote",
		"pipeline": "flight-delay",
		"stage": "prod",
		"at": "2013-10-15T06:00:00Z",
		"actor": "ada",
		"origin": {
			"kind": "github",
			"repository": "octo/flights",
			"ref": "refs/heads/main",
			"commit": "fedcba9876543210fedcba9876543210fedcba98",
			"default_branch": "main",
			"workflow": "octo/flights/.github/workflows/promote.yml@refs/heads/main",
			"run": "https://github.com/octo/flights/actions/runs/7/attempts/1",
			"triggered_by": "ada",
		},
		"policy": {
			"commit": "fedcba9876543210fedcba9876543210fedcba98",
			"unchanged": true,
			"protected": true,
			"head": "fedcba9876543210fedcba9876543210fedcba98",
		},
		"candidate": {
			"version": "1.1.0",
			"bundle_id": candidate_id,
			"archive_sha256": archive_sha256,
			"trained_by": "grace",
			"verified": true,
			"until": "2013-10-01T00:00:00Z",
			"trained_commit": commit,
			"dirty": false,
		},
		"provenance": {
			"looked": true,
			"verified": true,
			"problem": "",
			"repository": "octo/flights",
			"ref": "refs/tags/flight-delay@v1.1.0",
			"commit": commit,
			"builder": "octo/flights/.github/workflows/train.yml",
			"digest": archive_sha256,
			"run": "https://github.com/octo/flights/actions/runs/5/attempts/2",
			"actor": "grace",
			"triggered_by": "margaret",
		},
		"approvals": {
			"looked": true,
			"commit": commit,
			"pull_request": 12,
			"base": "main",
			"head": head,
			"merge_commit": commit,
			"author": "linus",
			"commits": 2,
			"authors": [
				{"commit": commit, "author": "linus", "committer": "linus"},
				{"commit": head, "author": "linus", "committer": "web-flow"},
			],
			"reviews": [
				{"reviewer": "barbara", "state": "CHANGES_REQUESTED", "commit": commit, "at": "2013-09-20T08:00:00Z", "permission": "write"},
				{"reviewer": "barbara", "state": "APPROVED", "commit": head, "at": "2013-09-21T08:00:00Z", "permission": "write"},
				{"reviewer": "Dennis", "state": "APPROVED", "commit": head, "at": "2013-09-21T09:00:00Z", "permission": "admin"},
				{"reviewer": "eve", "state": "COMMENTED", "commit": head, "at": "2013-09-21T10:00:00Z", "permission": "read"},
			],
		},
		"evaluation": {
			"task": "classification",
			"training": {"from": "2013-01-01T00:00:00Z", "to": "2013-08-31T00:00:00Z"},
			"period": {"from": "2013-09-01T00:00:00Z", "to": "2013-10-01T00:00:00Z"},
			"gap_seconds": 86400,
			"rows": 27315,
			"split": {"kind": "time", "grouped": false, "compared_rows": 27315, "overlap_rows": 0},
			"cross_validation": {"folds": 5, "candidates": 4},
			"leakage": {"features": 1, "rows": 248315, "signals": []},
			"estimates": [
				{"metric": "roc_auc", "slice": "", "value": 0.71, "low": 0.702, "high": 0.718, "level": 0.95, "n": 27315, "positives": 4210},
				{"metric": "log_loss", "slice": "", "value": 0.391, "low": 0.385, "high": 0.398, "level": 0.95, "n": 27315, "positives": 4210},
				{"metric": "roc_auc", "slice": "origin=JFK", "value": 0.69, "low": 0.675, "high": 0.705, "level": 0.95, "n": 9100, "positives": 1300},
			],
		},
		"comparison": {
			"version": "1.0.0",
			"bundle_id": champion_id,
			"period": {"from": "2013-09-01T00:00:00Z", "to": "2013-10-01T00:00:00Z"},
			"rows": 27315,
			"differences": [
				{"metric": "roc_auc", "slice": "", "value": 0.008, "low": 0.004, "high": 0.012, "level": 0.95, "n": 27315},
				{"metric": "log_loss", "slice": "", "value": -0.006, "low": -0.009, "high": -0.003, "level": 0.95, "n": 27315},
				{"metric": "roc_auc", "slice": "origin=JFK", "value": 0.002, "low": -0.004, "high": 0.008, "level": 0.95, "n": 9100},
			],
		},
		"honesty": {
			"static_passed": true,
			"features_checked": 1,
			"dynamic": {
				"passed": true,
				"cut_offs": ["2013-03-01T14:00:00Z", "2013-06-10T09:29:59.999999Z"],
				"observations": 4000,
				"features": 1,
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
			{"stage": "staging", "sequence": 1, "version": "1.0.0", "bundle_id": champion_id, "at": "2013-09-01T06:00:00Z", "operation": "promote", "digest": event_digest},
			{"stage": "prod", "sequence": 1, "version": "1.0.0", "bundle_id": champion_id, "at": "2013-09-08T06:00:00Z", "operation": "promote", "digest": event_digest},
			{"stage": "staging", "sequence": 2, "version": "1.1.0", "bundle_id": candidate_id, "at": "2013-10-01T06:00:00Z", "operation": "promote", "digest": event_digest},
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
				"split": {"kind": "time", "grouped": false, "compared_rows": 29100, "overlap_rows": 0},
				"cross_validation": {"folds": 5, "candidates": 4},
				"leakage": {"features": 1, "rows": 248315, "signals": []},
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
			"drift": [
				{"feature": "distance", "status": "measured", "psi": 0.02, "n": 25800},
				{"feature": "score", "status": "measured", "psi": 0.11, "n": 25800},
			],
			"drift_date": "2013-10-15",
		}],
	},
	"requirement": {
		"name": "prod",
		"after": "staging",
		"require": [
			"approved",
			"attested",
			"champion_not_worse",
			"clean_commit",
			"contract_clean",
			"cross_validated",
			"drift_bounded",
			"evaluated_later",
			"honest_features",
			"metric_floors",
			"newer_version",
			"no_leaks_seen",
			"protected_policy",
			"recent_training",
			"staged_days",
		],
		"metrics": [
			{"metric": "roc_auc", "slice": "", "min": 0.65, "min_rows": 1000},
			{"metric": "log_loss", "slice": "", "max": 0.45, "min_rows": 1000},
			{"metric": "roc_auc", "slice": "origin=JFK", "min": 0.6, "min_rows": 500, "margin": 0.01},
		],
		"min_days": 7,
		"max_age_days": 400,
		"max_psi": 0.25,
		"min_approvals": 2,
		"builders": ["octo/flights/.github/workflows/train.yml"],
		"rollback": [],
	},
}

# changed is the good input with each value put at its path.
changed(values) := json.patch(good, [{"op": "add", "path": path, "value": value} | some path, value in values])

# without is the good input less what stands at the paths.
without(paths) := json.remove(good, paths)

# back is a rollback of prod from 1.1.0 to 1.0.0, which served there before.
back := {
	"evidence": object.union(good.evidence, {
		"operation": "rollback",
		"candidate": object.union(good.evidence.candidate, {"version": "1.0.0", "bundle_id": champion_id}),
		"history": array.concat(good.evidence.history, [
			{"stage": "prod", "sequence": 2, "version": "1.1.0", "bundle_id": candidate_id, "at": "2013-10-10T06:00:00Z", "operation": "promote", "digest": event_digest},
		]),
	}),
	"requirement": good.requirement,
}
