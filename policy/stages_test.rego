package linecook.checks_test

import data.linecook.checks
import data.linecook.fixture

test_checks_named_passes if "checks_named" in checks.passed with input as fixture.good

test_checks_named_denied_when_empty if {
	spoiled := fixture.changed({"/requirement/require": []})
	not "checks_named" in checks.passed with input as spoiled
	checks.reasons.checks_named == {"stage prod requires no check"} with input as spoiled
}

test_previous_stage_passes if "previous_stage" in checks.passed with input as fixture.good

test_previous_stage_passes_on_the_first_stage if {
	first := fixture.changed({"/requirement/after": "", "/evidence/history": []})
	"previous_stage" in checks.passed with input as first
}

test_previous_stage_denied_when_skipped if {
	spoiled := fixture.changed({"/evidence/history": []})
	not "previous_stage" in checks.passed with input as spoiled
	checks.reasons.previous_stage == {"no version is on staging yet"} with input as spoiled
}

test_previous_stage_denied_when_another_came_after if {
	later := {"stage": "staging", "sequence": 3, "version": "1.2.0", "bundle_id": fixture.champion_id, "at": "2013-10-10T00:00:00Z"}
	spoiled := fixture.changed({"/evidence/history/-": later})
	not "previous_stage" in checks.passed with input as spoiled
	count(checks.reasons.previous_stage) == 1 with input as spoiled
}

test_previous_stage_denied_when_the_bundle_was_swapped if {
	not "previous_stage" in checks.passed with input as fixture.changed({"/evidence/history/2/bundle_id": fixture.champion_id})
}

test_previous_stage_denied_when_two_events_claim_to_be_last if {
	not "previous_stage" in checks.passed with input as fixture.changed({"/evidence/history/0/sequence": 2})
}

test_previous_stage_denied_when_an_event_was_taken_out if {
	not "previous_stage" in checks.passed with input as fixture.without(["/evidence/history/0"])
}

test_previous_stage_denied_for_another_stage if {
	spoiled := fixture.changed({"/evidence/stage": "staging"})
	not "previous_stage" in checks.passed with input as spoiled
	checks.reasons.previous_stage == {"the evidence asks for stage staging, the requirement is that of stage prod"} with input as spoiled
}

test_not_current_passes if "not_current" in checks.passed with input as fixture.good

test_not_current_passes_on_a_vacant_stage if {
	"not_current" in checks.passed with input as fixture.without(["/evidence/history/1"])
}

test_not_current_denied_when_it_serves_already if {
	spoiled := fixture.changed({"/evidence/history/1/version": "1.1.0", "/evidence/history/1/bundle_id": fixture.candidate_id})
	not "not_current" in checks.passed with input as spoiled
	checks.reasons.not_current == {"version 1.1.0 is on prod since 2013-09-08T06:00:00Z"} with input as spoiled
}

test_not_current_denied_under_another_version if {
	spoiled := fixture.changed({"/evidence/history/1/bundle_id": fixture.candidate_id})
	not "not_current" in checks.passed with input as spoiled
	count(checks.reasons.not_current) == 1 with input as spoiled
}

test_not_current_denied_without_history if {
	not "not_current" in checks.passed with input as fixture.without(["/evidence/history"])
}

test_not_current_denied_when_an_event_cannot_be_read if {
	not "not_current" in checks.passed with input as fixture.changed({"/evidence/history/1/stage": null})
}

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

test_in_order_passes if "in_order" in checks.passed with input as fixture.good

test_in_order_passes_on_the_first_event if "in_order" in checks.passed with input as fixture.changed({"/evidence/history": []})

test_in_order_denied_when_dated_back if {
	spoiled := fixture.changed({"/evidence/at": "2013-10-01T05:59:59Z"})
	not "in_order" in checks.passed with input as spoiled
	checks.reasons.in_order == {"version 1.1.0 came to staging at 2013-10-01T06:00:00Z, after the promotion at 2013-10-01T05:59:59Z"} with input as spoiled
}

test_in_order_denied_without_history if {
	not "in_order" in checks.passed with input as fixture.without(["/evidence/history"])
}

test_in_order_denied_without_a_time if {
	not "in_order" in checks.passed with input as fixture.without(["/evidence/at"])
}
