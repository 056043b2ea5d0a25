package linecook.promotion_test

import data.linecook.checks
import data.linecook.fixture
import data.linecook.promotion

test_good_evidence_is_allowed if {
	decision := promotion.decision with input as fixture.good
	decision.allowed == true
	decision.required == decision.passed
	decision.denials == {}
}

test_what_always_applies_is_required_unnamed if {
	decision := promotion.decision with input as fixture.changed({"/requirement/require": ["clean_commit"]})
	decision.allowed == true
	decision.required == promotion.always.promote | {"clean_commit"}
}

test_one_missing_check_denies if {
	decision := promotion.decision with input as fixture.changed({"/evidence/candidate/dirty": true})
	decision.allowed == false
	object.keys(decision.denials) == {"clean_commit"}
}

test_requiring_nothing_denies if {
	decision := promotion.decision with input as fixture.changed({"/requirement/require": []})
	decision.allowed == false
	object.keys(decision.denials) == {"checks_named"}
}

test_no_requirement_at_all_denies if {
	decision := promotion.decision with input as fixture.without(["/requirement"])
	decision.allowed == false
}

test_a_rollback_requires_less if {
	decision := promotion.decision with input as fixture.back
	decision.allowed == true
	decision.required == promotion.always.rollback
}

test_a_rollback_requires_what_its_stage_names if {
	decision := promotion.decision with input as json.patch(fixture.back, [{"op": "add", "path": "/requirement/rollback/-", "value": "clean_commit"}])
	decision.allowed == true
	decision.required == promotion.always.rollback | {"clean_commit"}
}

test_a_rollback_to_what_was_never_there_denies if {
	decision := promotion.decision with input as fixture.changed({"/evidence/operation": "rollback"})
	decision.allowed == false
	object.keys(decision.denials) == {"served_before"}
}

test_another_operation_denies if {
	decision := promotion.decision with input as fixture.changed({"/evidence/operation": "force"})
	decision.allowed == false
	decision.required == set()
}

test_an_unknown_check_denies if {
	decision := promotion.decision with input as fixture.changed({"/requirement/require": ["metric_flors"]})
	decision.allowed == false
	decision.denials.metric_flors == set()
}

test_no_input_denies if {
	decision := promotion.decision with input as {}
	decision.allowed == false
}

test_no_check_passes_on_no_input if {
	count(checks.passed) == 0 with input as {}
}
