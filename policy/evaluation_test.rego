package linecook.checks_test

import data.linecook.checks
import data.linecook.fixture

auc := "/evidence/evaluation/estimates/0"

test_evaluated_later_passes if "evaluated_later" in checks.passed with input as fixture.good

test_evaluated_later_denied_inside_the_gap if {
	spoiled := fixture.changed({"/evidence/evaluation/gap_seconds": 86401})
	not "evaluated_later" in checks.passed with input as spoiled
	count(checks.reasons.evaluated_later) == 1 with input as spoiled
}

test_evaluated_later_denied_with_a_negative_gap if {
	not "evaluated_later" in checks.passed with input as fixture.changed({"/evidence/evaluation/gap_seconds": -1})
}

test_evaluated_later_denied_from_the_future if {
	spoiled := fixture.changed({"/evidence/evaluation/period/to": "2013-10-16T00:00:00Z"})
	not "evaluated_later" in checks.passed with input as spoiled
	checks.reasons.evaluated_later == {"the evaluation ends at 2013-10-16T00:00:00Z, after the promotion at 2013-10-15T06:00:00Z"} with input as spoiled
}

test_evaluated_later_denied_on_an_empty_period if {
	spoiled := fixture.changed({"/evidence/evaluation/period/to": "2013-09-01T00:00:00Z"})
	not "evaluated_later" in checks.passed with input as spoiled
	checks.reasons.evaluated_later == {"the evaluation period from 2013-09-01T00:00:00Z to 2013-09-01T00:00:00Z is empty"} with input as spoiled
}

test_evaluated_later_denied_without_training if {
	not "evaluated_later" in checks.passed with input as fixture.changed({"/evidence/evaluation/training/from": "2013-08-31T00:00:00Z"})
}

test_evaluated_later_denied_for_a_random_split if {
	spoiled := fixture.changed({"/evidence/evaluation/split/kind": "random"})
	not "evaluated_later" in checks.passed with input as spoiled
	checks.reasons.evaluated_later == {"the rows were divided by random, not by time"} with input as spoiled
}

test_evaluated_later_denied_on_rows_that_were_trained_on if {
	spoiled := fixture.changed({"/evidence/evaluation/split/overlap_rows": 3})
	not "evaluated_later" in checks.passed with input as spoiled
	checks.reasons.evaluated_later == {"27315 of 27315 evaluated rows were looked for in training, and 3 were found"} with input as spoiled
}

test_evaluated_later_denied_when_rows_were_not_looked_for if {
	every compared in [0, 27314, "27315"] {
		spoiled := fixture.changed({"/evidence/evaluation/split/compared_rows": compared})
		not "evaluated_later" in checks.passed with input as spoiled
		count(checks.reasons.evaluated_later) == 1 with input as spoiled
	}
}

test_evaluated_later_denied_without_a_split if {
	not "evaluated_later" in checks.passed with input as fixture.without(["/evidence/evaluation/split"])
}

test_cross_validated_passes if "cross_validated" in checks.passed with input as fixture.good

test_cross_validated_denied_without_folds if {
	spoiled := fixture.changed({"/evidence/evaluation/cross_validation/folds": 0, "/evidence/evaluation/cross_validation/candidates": 0})
	not "cross_validated" in checks.passed with input as spoiled
	checks.reasons.cross_validated == {"0 candidates were scored on 0 folds"} with input as spoiled
}

test_cross_validated_denied_on_one_fold if {
	not "cross_validated" in checks.passed with input as fixture.changed({"/evidence/evaluation/cross_validation/folds": 1})
}

test_cross_validated_denied_for_text if {
	not "cross_validated" in checks.passed with input as fixture.changed({"/evidence/evaluation/cross_validation/folds": "5"})
}

test_cross_validated_denied_when_nothing_was_said if {
	not "cross_validated" in checks.passed with input as fixture.without(["/evidence/evaluation/cross_validation"])
}

test_no_leaks_seen_passes if "no_leaks_seen" in checks.passed with input as fixture.good

test_no_leaks_seen_denied_for_a_sign if {
	spoiled := fixture.changed({"/evidence/evaluation/leakage/signals": [{"code": "leakage/feature", "feature": "delay", "value": 0.99813, "threshold": 0.85, "rows": 27315}]})
	not "no_leaks_seen" in checks.passed with input as spoiled
	checks.reasons.no_leaks_seen == {"leakage/feature of feature \"delay\": 0.9981 of 27315 rows, from 0.85 on suspected"} with input as spoiled
}

test_no_leaks_seen_denied_when_nothing_was_looked_at if {
	every path in ["/evidence/evaluation/leakage/features", "/evidence/evaluation/leakage/rows"] {
		spoiled := fixture.changed({path: 0})
		not "no_leaks_seen" in checks.passed with input as spoiled
		checks.reasons.no_leaks_seen == {"no feature or row was looked at"} with input as spoiled
	}
}

test_no_leaks_seen_denied_without_a_list if {
	not "no_leaks_seen" in checks.passed with input as fixture.without(["/evidence/evaluation/leakage/signals"])
}

test_metric_floors_passes if "metric_floors" in checks.passed with input as fixture.good

test_metric_floors_denied_by_the_low_end if {
	spoiled := fixture.changed({sprintf("%s/low", [auc]): 0.6321})
	not "metric_floors" in checks.passed with input as spoiled
	checks.reasons.metric_floors == {"roc_auc 0.71 (95 % low end 0.6321, n 27315) is below the floor 0.65"} with input as spoiled
}

test_metric_floors_denied_by_the_high_end if {
	spoiled := fixture.changed({"/evidence/evaluation/estimates/1/high": 0.4612})
	not "metric_floors" in checks.passed with input as spoiled
	checks.reasons.metric_floors == {"log_loss 0.391 (95 % high end 0.4612, n 27315) is above the ceiling 0.45"} with input as spoiled
}

test_metric_floors_denied_by_a_slice if {
	spoiled := fixture.changed({"/evidence/evaluation/estimates/2/low": 0.51})
	not "metric_floors" in checks.passed with input as spoiled
	checks.reasons.metric_floors == {"roc_auc of slice origin=JFK 0.69 (95 % low end 0.51, n 9100) is below the floor 0.6"} with input as spoiled
}

test_metric_floors_denied_on_few_rows if {
	spoiled := fixture.changed({sprintf("%s/n", [auc]): 999})
	not "metric_floors" in checks.passed with input as spoiled
	checks.reasons.metric_floors == {"roc_auc was measured on 999 rows, fewer than 1000"} with input as spoiled
}

test_metric_floors_denied_without_the_metric if {
	spoiled := fixture.without([auc])
	not "metric_floors" in checks.passed with input as spoiled
	checks.reasons.metric_floors == {"the evaluation holds no single sound estimate of roc_auc"} with input as spoiled
}

test_metric_floors_denied_with_two_answers if {
	spoiled := fixture.changed({"/evidence/evaluation/estimates/-": fixture.good.evidence.evaluation.estimates[0]})
	not "metric_floors" in checks.passed with input as spoiled
}

test_metric_floors_denied_on_more_rows_than_there_are if {
	not "metric_floors" in checks.passed with input as fixture.changed({"/evidence/evaluation/rows": 27314})
}

test_metric_floors_denied_as_text if {
	not "metric_floors" in checks.passed with input as fixture.changed({sprintf("%s/low", [auc]): "0.99"})
}

test_metric_floors_denied_when_the_interval_is_none if {
	not "metric_floors" in checks.passed with input as fixture.changed({sprintf("%s/low", [auc]): 0.9})
	not "metric_floors" in checks.passed with input as fixture.changed({sprintf("%s/high", [auc]): 0.7})
	not "metric_floors" in checks.passed with input as fixture.changed({sprintf("%s/level", [auc]): 0.5})
	not "metric_floors" in checks.passed with input as fixture.changed({sprintf("%s/level", [auc]): 1})
}

test_metric_floors_denied_without_floors if {
	spoiled := fixture.changed({"/requirement/metrics": []})
	not "metric_floors" in checks.passed with input as spoiled
	checks.reasons.metric_floors == {"the stage bounds no metric"} with input as spoiled
}

test_metric_floors_denied_when_a_floor_has_no_side if {
	spoiled := fixture.without(["/requirement/metrics/0/min"])
	not "metric_floors" in checks.passed with input as spoiled
	checks.reasons.metric_floors == {"roc_auc has neither min nor max"} with input as spoiled
}

test_metric_floors_denied_when_a_floor_is_null if {
	not "metric_floors" in checks.passed with input as fixture.changed({"/requirement/metrics/0/min": null})
}

test_metric_floors_takes_both_sides if {
	both := fixture.changed({"/requirement/metrics/0/max": 0.71})
	not "metric_floors" in checks.passed with input as both
	"metric_floors" in checks.passed with input as fixture.changed({"/requirement/metrics/0/max": 0.99})
}
