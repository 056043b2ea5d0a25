package linecook.checks

# METADATA
# title: Evaluated on rows later than it was trained on
# description: The rows were divided by time. The evaluation period begins after the training period and its gap, and ends before the promotion; every evaluated row was looked for in training, and none was found.
# custom:
#   remediation: Train again with split.holdout and split.gap in pipeline.yaml, or give the promotion its true time.
#   command: linecook train --version X.Y.Z
passed contains "evaluated_later" if {
	later(input.evidence.evaluation)
	apart(input.evidence.evaluation)
}

apart(evaluation) if {
	evaluation.split.kind == "time"
	positive(evaluation.split.compared_rows)
	evaluation.split.compared_rows == evaluation.rows
	evaluation.split.overlap_rows == 0
}

later(evaluation) if {
	instant(evaluation.training.from) < instant(evaluation.training.to)
	is_number(evaluation.gap_seconds)
	evaluation.gap_seconds >= 0
	instant(evaluation.training.to) + (evaluation.gap_seconds * 1000000000) <= instant(evaluation.period.from)
	instant(evaluation.period.from) < instant(evaluation.period.to)
	instant(evaluation.period.to) <= instant(input.evidence.at)
}

reasons.evaluated_later contains message if {
	evaluation := input.evidence.evaluation
	instant(evaluation.training.to) + (evaluation.gap_seconds * 1000000000) > instant(evaluation.period.from)
	message := sprintf("the evaluation begins at %s, but training ends at %s and its gap is %v seconds", [evaluation.period.from, evaluation.training.to, evaluation.gap_seconds])
}

reasons.evaluated_later contains message if {
	evaluation := input.evidence.evaluation
	instant(evaluation.period.to) > instant(input.evidence.at)
	message := sprintf("the evaluation ends at %s, after the promotion at %s", [evaluation.period.to, input.evidence.at])
}

reasons.evaluated_later contains message if {
	some name, period in {
		"training": input.evidence.evaluation.training,
		"evaluation": input.evidence.evaluation.period,
	}
	instant(period.from) >= instant(period.to)
	message := sprintf("the %s period from %s to %s is empty", [name, period.from, period.to])
}

reasons.evaluated_later contains message if {
	input.evidence.evaluation.split.kind != "time"
	message := sprintf("the rows were divided by %s, not by time", [input.evidence.evaluation.split.kind])
}

reasons.evaluated_later contains message if {
	evaluation := input.evidence.evaluation
	evaluation.split.kind == "time"
	not apart(evaluation)
	message := sprintf("%v of %v evaluated rows were looked for in training, and %v were found", [evaluation.split.compared_rows, evaluation.rows, evaluation.split.overlap_rows])
}

# METADATA
# title: Parameters were compared on rolling origins
# description: The given parameters, or those that were chosen among candidates, were scored on at least two folds before the evaluation.
# custom:
#   remediation: Give pipeline.yaml split.folds, and estimator.search where there is a choice, and train a new version.
#   command: linecook train --version X.Y.Z
passed contains "cross_validated" if folded

folded if {
	is_number(input.evidence.evaluation.cross_validation.folds)
	input.evidence.evaluation.cross_validation.folds >= 2
	positive(input.evidence.evaluation.cross_validation.candidates)
}

reasons.cross_validated contains message if {
	found := input.evidence.evaluation.cross_validation
	not folded
	message := sprintf("%v candidates were scored on %v folds", [found.candidates, found.folds])
}

# METADATA
# title: The data shows no sign of a leak
# description: Training looked at one feature and one row at least for values that give the label away, and found none.
# custom:
#   remediation: Take away the features that are named, or list under known_later what was known too late, and train again.
#   command: linecook train --version X.Y.Z
passed contains "no_leaks_seen" if {
	positive(input.evidence.evaluation.leakage.features)
	positive(input.evidence.evaluation.leakage.rows)
	is_array(input.evidence.evaluation.leakage.signals)
	count(input.evidence.evaluation.leakage.signals) == 0
}

reasons.no_leaks_seen contains message if {
	some signal in input.evidence.evaluation.leakage.signals
	message := sprintf("%s of feature %q: %v of %v rows, from %v on suspected", [signal.code, signal.feature, short(signal.value), signal.rows, signal.threshold])
}

reasons.no_leaks_seen contains "no feature or row was looked at" if {
	input.evidence.evaluation.leakage.features * input.evidence.evaluation.leakage.rows == 0
}

# METADATA
# title: The metrics meet the stage's bounds
# description: For each bound of the stage, the pessimistic end of the metric's interval meets it, on enough rows. A stage that bounds no metric does not pass.
# custom:
#   reads: [metrics]
#   remediation: Improve the model or its data and train a new version, or have the bounds of stage {stage} reviewed and changed.
passed contains "metric_floors" if {
	count(bounds) > 0
	every bound in bounds {
		meets(bound, input.evidence.evaluation)
	}
}

# A bound of the stage, one for each min and each max. A floor with neither
# stays in the set with the side "none", which nothing meets.
bounds contains {"limit": limit, "side": side} if {
	some limit in input.requirement.metrics
	some side in sides(limit)
}

sides(limit) := found if {
	found := {side | some side in {"min", "max"}; _ = limit[side]}
	count(found) > 0
} else := {"none"}

meets(bound, evaluation) if {
	estimate := measured(bound.limit, evaluation)
	enough_rows(bound.limit, estimate)
	within(bound, estimate)
}

# measured is the one estimate of the limit's metric and slice, undefined where
# there is none, more than one, or one whose numbers cannot be an interval.
measured(limit, evaluation) := found[0] if {
	found := [estimate |
		some estimate in evaluation.estimates
		estimate.metric == limit.metric
		estimate.slice == limit.slice
	]
	count(found) == 1
	sound(found[0])
	is_number(evaluation.rows)
	found[0].n <= evaluation.rows
}

sound(estimate) if {
	is_number(estimate.low)
	is_number(estimate.value)
	is_number(estimate.high)
	estimate.low <= estimate.value
	estimate.value <= estimate.high
	is_number(estimate.level)
	estimate.level >= 0.9
	estimate.level < 1
	positive(estimate.n)
}

enough_rows(limit, estimate) if {
	is_number(limit.min_rows)
	estimate.n >= limit.min_rows
}

within(bound, estimate) if {
	bound.side == "min"
	is_number(bound.limit.min)
	estimate.low >= bound.limit.min
}

within(bound, estimate) if {
	bound.side == "max"
	is_number(bound.limit.max)
	estimate.high <= bound.limit.max
}

label(limit) := limit.metric if limit.slice == ""

label(limit) := sprintf("%s of slice %s", [limit.metric, limit.slice]) if limit.slice != ""

reasons.metric_floors contains "the stage bounds no metric" if count(input.requirement.metrics) == 0

reasons.metric_floors contains message if {
	some bound in bounds
	not measured(bound.limit, input.evidence.evaluation)
	message := sprintf("the evaluation holds no single sound estimate of %s", [label(bound.limit)])
}

reasons.metric_floors contains message if {
	some bound in bounds
	estimate := measured(bound.limit, input.evidence.evaluation)
	not enough_rows(bound.limit, estimate)
	message := sprintf("%s was measured on %v rows, fewer than %v", [label(bound.limit), estimate.n, bound.limit.min_rows])
}

reasons.metric_floors contains message if {
	some bound in bounds
	estimate := measured(bound.limit, input.evidence.evaluation)
	not within(bound, estimate)
	message := beyond(bound, estimate)
}

beyond(bound, estimate) := sprintf("%s %v (%v %% low end %v, n %v) is below the floor %v", [label(bound.limit), short(estimate.value), short(estimate.level * 100), short(estimate.low), estimate.n, bound.limit.min]) if bound.side == "min"

beyond(bound, estimate) := sprintf("%s %v (%v %% high end %v, n %v) is above the ceiling %v", [label(bound.limit), short(estimate.value), short(estimate.level * 100), short(estimate.high), estimate.n, bound.limit.max]) if bound.side == "max"

beyond(bound, _) := sprintf("%s has neither min nor max", [label(bound.limit)]) if bound.side == "none"
