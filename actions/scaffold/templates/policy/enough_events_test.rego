package linecook.enough_events_test

import data.linecook.checks

evaluated(positives) := {"evidence": {"evaluation": {"estimates": [{"metric": "roc_auc", "slice": "", "positives": positives}]}}}

test_enough_events_passes if {
	"enough_events" in checks.passed with input as evaluated(30)
}

test_enough_events_denied_with_fewer if {
	not "enough_events" in checks.passed with input as evaluated(29)
	"the evaluation saw the event 29 times, fewer than 30" in checks.reasons.enough_events with input as evaluated(29)
}

test_enough_events_denied_without_the_metric if {
	not "enough_events" in checks.passed with input as {"evidence": {"evaluation": {"estimates": []}}}
}

test_enough_events_denied_with_text if {
	not "enough_events" in checks.passed with input as evaluated("many")
}
