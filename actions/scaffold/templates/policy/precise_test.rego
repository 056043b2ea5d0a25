package linecook.precise_test

import data.linecook.checks

evaluated(low, high) := {"evidence": {"evaluation": {"estimates": [{"metric": "r2", "slice": "", "low": low, "high": high}]}}}

test_precise_passes if {
	"precise" in checks.passed with input as evaluated(0.5, 0.625)
}

test_precise_denied_with_a_wide_interval if {
	not "precise" in checks.passed with input as evaluated(0.5, 0.75)
	"the interval of r2 is 0.25 wide, more than 0.2" in checks.reasons.precise with input as evaluated(0.5, 0.75)
}

test_precise_denied_without_the_metric if {
	not "precise" in checks.passed with input as {"evidence": {"evaluation": {"estimates": []}}}
}

test_precise_denied_with_text if {
	not "precise" in checks.passed with input as evaluated("low", 0.6)
}
