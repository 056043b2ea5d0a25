package linecook.checks_test

import data.linecook.checks
import data.linecook.fixture

test_champion_not_worse_passes if "champion_not_worse" in checks.passed with input as fixture.good

test_champion_not_worse_passes_on_a_vacant_stage if {
	first := fixture.without(["/evidence/history/1", "/evidence/champion", "/evidence/comparison"])
	"champion_not_worse" in checks.passed with input as first
}

test_champion_not_worse_passes_when_nothing_is_shown if {
	"champion_not_worse" in checks.passed with input as fixture.changed({
		"/evidence/comparison/differences/0/value": -0.001,
		"/evidence/comparison/differences/0/low": -0.005,
		"/evidence/comparison/differences/0/high": 0.003,
	})
}

test_champion_not_worse_denied_when_its_event_is_gone if {
	spoiled := fixture.without(["/evidence/history/1"])
	not "champion_not_worse" in checks.passed with input as spoiled
	checks.reasons.champion_not_worse == {"the evidence names a champion on prod, but its history has no event"} with input as spoiled
}

test_champion_not_worse_denied_when_worse if {
	spoiled := fixture.changed({
		"/evidence/comparison/differences/0/value": -0.008,
		"/evidence/comparison/differences/0/low": -0.012,
		"/evidence/comparison/differences/0/high": -0.004,
	})
	not "champion_not_worse" in checks.passed with input as spoiled
	checks.reasons.champion_not_worse == {"roc_auc differs by -0.008 (-0.012 to -0.004) from version 1.0.0 on the same 27315 rows; it is shown to be worse"} with input as spoiled
}

test_champion_not_worse_denied_when_more_is_worse if {
	spoiled := fixture.changed({
		"/evidence/comparison/differences/1/value": 0.006,
		"/evidence/comparison/differences/1/low": 0.003,
		"/evidence/comparison/differences/1/high": 0.009,
	})
	not "champion_not_worse" in checks.passed with input as spoiled
	checks.reasons.champion_not_worse == {"log_loss differs by 0.006 (0.003 to 0.009) from version 1.0.0 on the same 27315 rows; it is shown to be worse"} with input as spoiled
}

# A margin is compared with the pessimistic end, whichever side is better.
test_champion_not_worse_denied_beyond_a_margin if {
	spoiled := fixture.changed({"/requirement/metrics/2/margin": 0.003})
	not "champion_not_worse" in checks.passed with input as spoiled
	checks.reasons.champion_not_worse == {"roc_auc of slice origin=JFK differs by 0.002 (-0.004 to 0.008) from version 1.0.0 on the same 9100 rows; at most 0.003 worse is allowed"} with input as spoiled
	"champion_not_worse" in checks.passed with input as fixture.changed({"/requirement/metrics/2/margin": 0.004})
	not "champion_not_worse" in checks.passed with input as fixture.changed({
		"/requirement/metrics/1/margin": 0.001,
		"/evidence/comparison/differences/1/high": 0.002,
	})
	"champion_not_worse" in checks.passed with input as fixture.changed({
		"/requirement/metrics/1/margin": 0.002,
		"/evidence/comparison/differences/1/high": 0.002,
	})
}

test_champion_not_worse_denied_without_a_comparison if {
	spoiled := fixture.without(["/evidence/comparison"])
	not "champion_not_worse" in checks.passed with input as spoiled
	checks.reasons.champion_not_worse == {"version 1.0.0 serves on prod, and the candidate was not compared with it"} with input as spoiled
}

test_champion_not_worse_denied_after_a_comparison_with_another if {
	spoiled := fixture.changed({"/evidence/comparison/version": "0.9.0"})
	not "champion_not_worse" in checks.passed with input as spoiled
	count(checks.reasons.champion_not_worse) == 1 with input as spoiled
}

test_champion_not_worse_denied_on_other_rows if {
	not "champion_not_worse" in checks.passed with input as fixture.changed({"/evidence/comparison/rows": 27314})
	not "champion_not_worse" in checks.passed with input as fixture.changed({"/evidence/comparison/period/to": "2013-09-30T00:00:00Z"})
}

test_champion_not_worse_denied_on_few_rows if {
	spoiled := fixture.changed({"/evidence/comparison/differences/0/n": 999})
	not "champion_not_worse" in checks.passed with input as spoiled
	checks.reasons.champion_not_worse == {"roc_auc was compared on 999 rows, fewer than 1000"} with input as spoiled
}

test_champion_not_worse_denied_without_the_champion if {
	spoiled := fixture.without(["/evidence/champion"])
	not "champion_not_worse" in checks.passed with input as spoiled
	checks.reasons.champion_not_worse == {"version 1.0.0 serves on prod, but its bundle cannot be read"} with input as spoiled
}

test_champion_not_worse_denied_with_another_champion if {
	not "champion_not_worse" in checks.passed with input as fixture.changed({"/evidence/champion/version": "0.9.0"})
}

test_champion_not_worse_denied_without_floors if {
	spoiled := fixture.changed({"/requirement/metrics": []})
	not "champion_not_worse" in checks.passed with input as spoiled
	checks.reasons.champion_not_worse == {"the stage bounds no metric on one side, to compare by"} with input as spoiled
}

test_champion_not_worse_denied_when_a_metric_was_not_compared if {
	spoiled := fixture.without(["/evidence/comparison/differences/0"])
	not "champion_not_worse" in checks.passed with input as spoiled
	checks.reasons.champion_not_worse == {"roc_auc was not measured on both the candidate and the champion"} with input as spoiled
}

# A calibration ratio has no better side, and is not compared.
test_champion_not_worse_passes_over_a_metric_between_bounds if {
	"champion_not_worse" in checks.passed with input as fixture.changed({"/requirement/metrics/-": {"metric": "calibration_ratio", "slice": "", "min": 0.8, "max": 1.25, "min_rows": 1000}})
}

test_champion_not_worse_denied_when_nothing_has_a_better_side if {
	floors := [{"metric": "calibration_ratio", "slice": "", "min": 0.8, "max": 1.25, "min_rows": 1000}]
	not "champion_not_worse" in checks.passed with input as fixture.changed({"/requirement/metrics": floors})
}
