package linecook.checks_test

import data.linecook.checks
import data.linecook.fixture

test_staged_days_passes if "staged_days" in checks.passed with input as fixture.good

test_staged_days_denied_when_few if {
	spoiled := fixture.changed({"/evidence/runs/0/days_scored": 6})
	not "staged_days" in checks.passed with input as spoiled
	checks.reasons.staged_days == {"scored 6 days on staging; the stage asks for 7"} with input as spoiled
}

test_staged_days_denied_for_another_bundle if {
	spoiled := fixture.changed({"/evidence/runs/0/bundle_id": fixture.champion_id})
	not "staged_days" in checks.passed with input as spoiled
	checks.reasons.staged_days == {"this bundle has no runs on staging"} with input as spoiled
}

test_staged_days_denied_with_two_answers if {
	not "staged_days" in checks.passed with input as fixture.changed({"/evidence/runs/-": fixture.good.evidence.runs[0]})
}

test_staged_days_denied_without_a_limit if {
	spoiled := fixture.changed({"/requirement/min_days": 0})
	not "staged_days" in checks.passed with input as spoiled
	checks.reasons.staged_days == {"the stage sets no min_days"} with input as spoiled
}

test_staged_days_denied_on_the_first_stage if {
	spoiled := fixture.changed({"/requirement/after": ""})
	not "staged_days" in checks.passed with input as spoiled
	checks.reasons.staged_days == {"the stage comes after no other, so there is nowhere to have run"} with input as spoiled
}

test_drift_bounded_passes if "drift_bounded" in checks.passed with input as fixture.good

test_drift_bounded_denied_when_a_feature_drifted if {
	spoiled := fixture.changed({"/evidence/runs/0/drift/1/psi": 0.31})
	not "drift_bounded" in checks.passed with input as spoiled
	checks.reasons.drift_bounded == {"score has drifted by 0.31 over 25800 rows up to 2013-10-15; the stage allows 0.25"} with input as spoiled
}

test_drift_bounded_denied_on_no_rows if {
	not "drift_bounded" in checks.passed with input as fixture.changed({"/evidence/runs/0/drift/1/n": 0})
}

test_drift_bounded_denied_when_nothing_was_measured if {
	spoiled := fixture.changed({"/evidence/runs/0/drift": []})
	not "drift_bounded" in checks.passed with input as spoiled
	checks.reasons.drift_bounded == {"monitoring lists 0 of 2 features and scores for this bundle on 2013-10-15"} with input as spoiled
}

test_drift_bounded_denied_when_a_feature_was_not_looked_at if {
	spoiled := fixture.without(["/evidence/runs/0/drift/1"])
	not "drift_bounded" in checks.passed with input as spoiled
	checks.reasons.drift_bounded == {"monitoring lists 1 of 2 features and scores for this bundle on 2013-10-15"} with input as spoiled
}

test_drift_bounded_denied_when_a_feature_had_too_few_rows if {
	spoiled := fixture.changed({"/evidence/runs/0/drift/0": {"feature": "distance", "status": "too few rows", "psi": null, "n": 120}})
	not "drift_bounded" in checks.passed with input as spoiled
	checks.reasons.drift_bounded == {"distance could not be measured over 120 rows up to 2013-10-15: too few rows"} with input as spoiled
}

test_drift_bounded_denied_without_runs if {
	spoiled := fixture.changed({"/evidence/runs": []})
	not "drift_bounded" in checks.passed with input as spoiled
	checks.reasons.drift_bounded == {"monitoring measured nothing for this bundle on \"staging\""} with input as spoiled
}

test_drift_bounded_denied_without_a_date if {
	not "drift_bounded" in checks.passed with input as fixture.changed({"/evidence/runs/0/drift_date": ""})
}

test_drift_bounded_denied_without_a_limit if {
	spoiled := fixture.without(["/requirement/max_psi"])
	not "drift_bounded" in checks.passed with input as spoiled
	checks.reasons.drift_bounded == {"the stage sets no max_psi"} with input as spoiled
}
