package linecook.checks_test

import data.linecook.checks
import data.linecook.fixture

test_bundle_verified_passes if "bundle_verified" in checks.passed with input as fixture.good

test_bundle_verified_denied_when_not_verified if {
	spoiled := fixture.changed({"/evidence/candidate/verified": false})
	not "bundle_verified" in checks.passed with input as spoiled
	count(checks.reasons.bundle_verified) == 1 with input as spoiled
}

test_bundle_verified_denied_without_a_digest if {
	not "bundle_verified" in checks.passed with input as fixture.changed({"/evidence/candidate/bundle_id": "sha256:"})
}

test_bundle_verified_denied_without_a_version if {
	not "bundle_verified" in checks.passed with input as fixture.changed({"/evidence/candidate/version": "latest"})
}

test_clean_commit_passes if "clean_commit" in checks.passed with input as fixture.good

test_clean_commit_denied_when_dirty if {
	spoiled := fixture.changed({"/evidence/candidate/dirty": true})
	not "clean_commit" in checks.passed with input as spoiled
	count(checks.reasons.clean_commit) == 1 with input as spoiled
}

test_clean_commit_denied_without_commit if {
	spoiled := fixture.changed({"/evidence/candidate/trained_commit": ""})
	not "clean_commit" in checks.passed with input as spoiled
	checks.reasons.clean_commit == {"version 1.1.0 does not name the commit it was trained from"} with input as spoiled
}

test_honest_features_passes if "honest_features" in checks.passed with input as fixture.good

test_honest_features_denied_when_the_check_failed if {
	spoiled := fixture.changed({"/evidence/honesty/static_passed": false})
	not "honest_features" in checks.passed with input as spoiled
	checks.reasons.honest_features == {"the static check of feature definitions failed"} with input as spoiled
}

test_honest_features_denied_when_nothing_was_checked if {
	spoiled := fixture.changed({"/evidence/honesty/features_checked": 0, "/evidence/honesty/dynamic/features": 0})
	not "honest_features" in checks.passed with input as spoiled
	checks.reasons.honest_features == {"no feature was checked"} with input as spoiled
}

test_honest_features_denied_when_the_experiment_failed if {
	spoiled := fixture.changed({"/evidence/honesty/dynamic/passed": false})
	not "honest_features" in checks.passed with input as spoiled
	checks.reasons.honest_features == {"features were not proven to be the same without what was known later"} with input as spoiled
}

test_honest_features_denied_without_the_experiment if {
	spoiled := fixture.without(["/evidence/honesty/dynamic"])
	not "honest_features" in checks.passed with input as spoiled
}

test_honest_features_denied_when_nothing_was_compared if {
	every path, value in {
		"/evidence/honesty/dynamic/cut_offs": [],
		"/evidence/honesty/dynamic/observations": 0,
		"/evidence/honesty/dynamic/rows_removed": 0,
		"/evidence/honesty/dynamic/rows_scrambled": 0,
	} {
		spoiled := fixture.changed({path: value})
		not "honest_features" in checks.passed with input as spoiled
		count(checks.reasons.honest_features) == 1 with input as spoiled
	}
}

test_honest_features_denied_when_other_features_were_compared if {
	spoiled := fixture.changed({"/evidence/honesty/dynamic/features": 11})
	not "honest_features" in checks.passed with input as spoiled
	checks.reasons.honest_features == {"the proof is over 11 features, and 1 were checked"} with input as spoiled
}

test_contract_clean_passes if "contract_clean" in checks.passed with input as fixture.good

test_contract_clean_denied_on_errors if {
	spoiled := fixture.changed({"/evidence/contract/errors": 2})
	not "contract_clean" in checks.passed with input as spoiled
	checks.reasons.contract_clean == {"2 of 31 contract checks found errors"} with input as spoiled
}

test_contract_clean_denied_without_checks if {
	spoiled := fixture.changed({"/evidence/contract/checks": 0})
	not "contract_clean" in checks.passed with input as spoiled
	checks.reasons.contract_clean == {"no contract check ran"} with input as spoiled
}

test_contract_clean_denied_without_rows if {
	spoiled := fixture.changed({"/evidence/contract/rows": 0})
	not "contract_clean" in checks.passed with input as spoiled
	checks.reasons.contract_clean == {"the contracts were checked on no rows"} with input as spoiled
}

test_recent_training_passes if "recent_training" in checks.passed with input as fixture.good

test_recent_training_denied_when_old if {
	spoiled := fixture.changed({"/requirement/max_age_days": 14})
	not "recent_training" in checks.passed with input as spoiled
	checks.reasons.recent_training == {"the data ends at 2013-10-01T00:00:00Z, 14 days before 2013-10-15T06:00:00Z; the stage allows 14"} with input as spoiled
}

test_recent_training_denied_from_the_future if {
	spoiled := fixture.changed({"/evidence/candidate/until": "2013-10-16T00:00:00Z"})
	not "recent_training" in checks.passed with input as spoiled
	count(checks.reasons.recent_training) == 1 with input as spoiled
}

test_recent_training_denied_without_a_limit if {
	spoiled := fixture.changed({"/requirement/max_age_days": 0})
	not "recent_training" in checks.passed with input as spoiled
	checks.reasons.recent_training == {"the stage sets no max_age_days"} with input as spoiled
}

test_recent_training_denied_with_another_zone if {
	not "recent_training" in checks.passed with input as fixture.changed({"/evidence/candidate/until": "2013-10-01T00:00:00+02:00"})
}
