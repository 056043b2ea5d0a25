package linecook.checks

# METADATA
# title: Evaluated on rows later than it was trained on
# description: The evaluation period begins after the training period and its gap, and ends before the promotion.
# custom:
#   remediation: Train again with a split by time, whose evaluation period follows the training period by the stated gap.
passed contains "evaluated_later" if later(input.evidence.evaluation)

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

# METADATA
# title: The metrics meet the stage's bounds
# description: For each bound of the stage, the pessimistic end of the metric's interval meets it, on enough rows. A stage that bounds no metric does not pass.
# custom:
#   remediation: Improve the model or its data and train a new version, or have the stage's bounds reviewed and changed.
passed contains "metric_floors" if {
	count(bounds) > 0
	every bound in bounds {
		meets(bound, input.evidence.evaluation)
	}
}

# A bound of the stage, one for each min and each max. A floor with neither
# stays in the set with the side "none", which nothing meets.
bounds contains {"floor": floor, "side": side} if {
	some floor in input.requirement.metrics
	some side in sides(floor)
}

sides(floor) := found if {
	found := {side | some side in {"min", "max"}; _ = floor[side]}
	count(found) > 0
} else := {"none"}

meets(bound, evaluation) if {
	estimate := measured(bound.floor, evaluation)
	enough_rows(bound.floor, estimate)
	within(bound, estimate)
}

# measured is the one estimate of the floor's metric and slice, undefined where
# there is none, more than one, or one whose numbers cannot be an interval.
measured(floor, evaluation) := found[0] if {
	found := [estimate |
		some estimate in evaluation.estimates
		estimate.metric == floor.metric
		estimate.slice == floor.slice
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

enough_rows(floor, estimate) if {
	is_number(floor.min_rows)
	estimate.n >= floor.min_rows
}

within(bound, estimate) if {
	bound.side == "min"
	is_number(bound.floor.min)
	estimate.low >= bound.floor.min
}

within(bound, estimate) if {
	bound.side == "max"
	is_number(bound.floor.max)
	estimate.high <= bound.floor.max
}

label(floor) := floor.metric if floor.slice == ""

label(floor) := sprintf("%s of slice %s", [floor.metric, floor.slice]) if floor.slice != ""

reasons.metric_floors contains "the stage bounds no metric" if count(input.requirement.metrics) == 0

reasons.metric_floors contains message if {
	some bound in bounds
	not measured(bound.floor, input.evidence.evaluation)
	message := sprintf("the evaluation holds no single sound estimate of %s", [label(bound.floor)])
}

reasons.metric_floors contains message if {
	some bound in bounds
	estimate := measured(bound.floor, input.evidence.evaluation)
	not enough_rows(bound.floor, estimate)
	message := sprintf("%s was measured on %v rows, fewer than %v", [label(bound.floor), estimate.n, bound.floor.min_rows])
}

reasons.metric_floors contains message if {
	some bound in bounds
	estimate := measured(bound.floor, input.evidence.evaluation)
	not within(bound, estimate)
	message := beyond(bound, estimate)
}

beyond(bound, estimate) := sprintf("%s %v (%v %% low end %v, n %v) is below the floor %v", [label(bound.floor), short(estimate.value), short(estimate.level * 100), short(estimate.low), estimate.n, bound.floor.min]) if bound.side == "min"

beyond(bound, estimate) := sprintf("%s %v (%v %% high end %v, n %v) is above the ceiling %v", [label(bound.floor), short(estimate.value), short(estimate.level * 100), short(estimate.high), estimate.n, bound.floor.max]) if bound.side == "max"

beyond(bound, _) := sprintf("%s has neither min nor max", [label(bound.floor)]) if bound.side == "none"

# METADATA
# title: Not worse than what serves now
# description: For each metric that the stage bounds on one side, the candidate's value is not beyond the bad end of the champion's interval. A stage where nothing serves passes; a champion whose evaluation is missing does not, nor does a stage that bounds no metric on one side.
# custom:
#   remediation: Improve the candidate until it is not worse than the champion on every bounded metric.
passed contains "champion_not_worse" if not_beaten

not_beaten if {
	vacant(target)
	not input.evidence.champion
}

not_beaten if {
	champion_known
	count(directed) > 0
	every bound in directed {
		not_worse(bound)
	}
}

# directed are the bounds that say which way is better. A metric that is held
# between a min and a max, like a calibration ratio, has no better side.
directed := {bound | some bound in bounds; count(sides(bound.floor)) == 1}

champion_known if {
	serving := current(target)
	serving.version == input.evidence.champion.version
	serving.bundle_id == input.evidence.champion.bundle_id
}

not_worse(bound) if {
	mine := measured(bound.floor, input.evidence.evaluation)
	theirs := measured(bound.floor, input.evidence.champion.evaluation)
	better_side(bound.side, mine, theirs)
}

better_side("min", mine, theirs) if mine.value >= theirs.low

better_side("max", mine, theirs) if mine.value <= theirs.high

reasons.champion_not_worse contains message if {
	serving := current(target)
	not champion_known
	message := sprintf("version %s serves on %s, but its evaluation is not part of the evidence", [serving.version, target])
}

reasons.champion_not_worse contains message if {
	vacant(target)
	input.evidence.champion
	message := sprintf("the evidence names a champion on %s, but its history has no event", [target])
}

reasons.champion_not_worse contains "the stage bounds no metric on one side, to compare by" if {
	current(target)
	count(directed) == 0
}

reasons.champion_not_worse contains message if {
	champion_known
	some bound in directed
	mine := measured(bound.floor, input.evidence.evaluation)
	theirs := measured(bound.floor, input.evidence.champion.evaluation)
	not better_side(bound.side, mine, theirs)
	message := sprintf("%s %v is worse than the champion %s: %v (%v to %v)", [label(bound.floor), short(mine.value), input.evidence.champion.version, short(theirs.value), short(theirs.low), short(theirs.high)])
}

reasons.champion_not_worse contains message if {
	champion_known
	some bound in directed
	not both_measured(bound.floor)
	message := sprintf("%s was not measured on both the candidate and the champion", [label(bound.floor)])
}

both_measured(floor) if {
	measured(floor, input.evidence.evaluation)
	measured(floor, input.evidence.champion.evaluation)
}
