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
	later := {"stage": "staging", "sequence": 3, "version": "1.2.0", "bundle_id": fixture.champion_id, "at": "2013-10-10T00:00:00Z", "operation": "promote"}
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

test_newer_version_passes if "newer_version" in checks.passed with input as fixture.good

test_newer_version_passes_on_a_vacant_stage if {
	"newer_version" in checks.passed with input as fixture.without(["/evidence/history/1"])
}

test_newer_version_denied_when_older if {
	spoiled := fixture.changed({"/evidence/history/1/version": "1.2.0"})
	not "newer_version" in checks.passed with input as spoiled
	checks.reasons.newer_version == {"version 1.1.0 is not higher than 1.2.0, which serves on prod"} with input as spoiled
}

test_newer_version_denied_for_a_release_candidate_of_what_serves if {
	not "newer_version" in checks.passed with input as fixture.changed({"/evidence/candidate/version": "1.0.0-rc.9"})
}

test_newer_version_denied_without_a_version if {
	not "newer_version" in checks.passed with input as fixture.changed({"/evidence/candidate/version": "latest"})
}

test_served_before_passes if "served_before" in checks.passed with input as fixture.back

test_served_before_denied_when_it_never_did if {
	spoiled := json.patch(fixture.back, [{"op": "replace", "path": "/evidence/candidate/bundle_id", "value": fixture.archive_sha256}])
	not "served_before" in checks.passed with input as spoiled
	count(checks.reasons.served_before) == 1 with input as spoiled
}

test_served_before_denied_when_it_was_rolled_back_from if {
	returned := {"stage": "prod", "sequence": 3, "version": "1.0.0", "bundle_id": fixture.champion_id, "at": "2013-10-11T00:00:00Z", "operation": "rollback"}
	again := json.patch(fixture.back, [
		{"op": "add", "path": "/evidence/history/-", "value": returned},
		{"op": "replace", "path": "/evidence/candidate", "value": fixture.good.evidence.candidate},
	])
	not "served_before" in checks.passed with input as again
	checks.reasons.served_before == {"version 1.1.0 was rolled back from"} with input as again
}

test_served_before_denied_on_a_vacant_stage if {
	spoiled := json.patch(fixture.back, [{"op": "replace", "path": "/evidence/history", "value": []}])
	not "served_before" in checks.passed with input as spoiled
	checks.reasons.served_before == {"no version was ever on prod"} with input as spoiled
}

test_served_before_denied_on_another_stage if {
	not "served_before" in checks.passed with input as json.patch(fixture.back, [{"op": "replace", "path": "/evidence/stage", "value": "dev"}])
}

test_served_before_denied_without_history if {
	not "served_before" in checks.passed with input as json.remove(fixture.back, ["/evidence/history"])
}

test_served_before_denied_when_an_event_does_not_say_what_it_was if {
	not "served_before" in checks.passed with input as json.remove(fixture.back, ["/evidence/history/3/operation"])
}
