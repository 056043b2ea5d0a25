package linecook.checks

# METADATA
# title: Not worse than what serves now, on the same rows
# description: For each metric that the stage bounds on one side, the paired difference from what serves, on the rows of the candidate's evaluation, is not wholly on the bad side; or, where the bound has a margin, its pessimistic end is within the margin. A stage where nothing serves passes.
# custom:
#   reads: [metrics]
#   remediation: Train the version beside what serves on {stage} now, and improve it until it is not worse.
#   command: linecook train --version X.Y.Z --champion {stage}
passed contains "champion_not_worse" if not_beaten

not_beaten if {
	vacant(target)
	not input.evidence.champion
}

not_beaten if {
	compared
	count(directed) > 0
	every bound in directed {
		not_worse(bound)
	}
}

# directed are the bounds that say which way is better. A metric that is held
# between a min and a max, like a calibration ratio, has no better side.
directed contains bound if {
	some bound in bounds
	count(sides(bound.limit)) == 1
}

# compared holds where the comparison is with the very bundle that serves, on
# all rows of the evaluation and on no others.
compared if {
	champion_known
	comparison := input.evidence.comparison
	comparison.version == input.evidence.champion.version
	comparison.bundle_id == input.evidence.champion.bundle_id
	comparison.rows == input.evidence.evaluation.rows
	comparison.period == input.evidence.evaluation.period
}

champion_known if {
	serving := current(target)
	serving.version == input.evidence.champion.version
	serving.bundle_id == input.evidence.champion.bundle_id
}

not_worse(bound) if {
	difference := paired(bound.limit)
	enough_rows(bound.limit, difference)
	bearable(bound, difference)
}

# paired is the one difference of the limit's metric and slice, undefined where
# there is none, more than one, or one whose numbers cannot be an interval.
paired(limit) := found[0] if {
	found := [difference |
		some difference in input.evidence.comparison.differences
		difference.metric == limit.metric
		difference.slice == limit.slice
	]
	count(found) == 1
	sound(found[0])
	found[0].n <= input.evidence.comparison.rows
}

bearable(bound, difference) if {
	bound.side == "min"
	object.get(bound.limit, "margin", null) == null
	difference.high >= 0
}

bearable(bound, difference) if {
	bound.side == "max"
	object.get(bound.limit, "margin", null) == null
	difference.low <= 0
}

bearable(bound, difference) if {
	bound.side == "min"
	is_number(bound.limit.margin)
	difference.low >= 0 - bound.limit.margin
}

bearable(bound, difference) if {
	bound.side == "max"
	is_number(bound.limit.margin)
	difference.high <= bound.limit.margin
}

reasons.champion_not_worse contains message if {
	serving := current(target)
	not input.evidence.comparison
	message := sprintf("version %s serves on %s, and the candidate was not compared with it", [serving.version, target])
}

reasons.champion_not_worse contains message if {
	serving := current(target)
	champion_known
	input.evidence.comparison
	not compared
	message := sprintf("the candidate was compared with version %s (%s) on %v rows; version %s (%s) serves on %s, and the evaluation has %v rows", [
		input.evidence.comparison.version, input.evidence.comparison.bundle_id, input.evidence.comparison.rows,
		serving.version, serving.bundle_id, target, input.evidence.evaluation.rows,
	])
}

reasons.champion_not_worse contains message if {
	serving := current(target)
	not champion_known
	message := sprintf("version %s serves on %s, but its bundle cannot be read", [serving.version, target])
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
	compared
	some bound in directed
	not paired(bound.limit)
	message := sprintf("%s was not measured on both the candidate and the champion", [label(bound.limit)])
}

reasons.champion_not_worse contains message if {
	compared
	some bound in directed
	difference := paired(bound.limit)
	not enough_rows(bound.limit, difference)
	message := sprintf("%s was compared on %v rows, fewer than %v", [label(bound.limit), difference.n, bound.limit.min_rows])
}

reasons.champion_not_worse contains message if {
	compared
	some bound in directed
	difference := paired(bound.limit)
	not bearable(bound, difference)
	message := sprintf("%s differs by %v (%v to %v) from version %s on the same %v rows%s", [
		label(bound.limit), short(difference.value), short(difference.low), short(difference.high),
		input.evidence.comparison.version, difference.n, allowance(bound.limit),
	])
}

allowance(limit) := sprintf("; at most %v worse is allowed", [limit.margin]) if is_number(limit.margin)

allowance(limit) := "; it is shown to be worse" if object.get(limit, "margin", null) == null
