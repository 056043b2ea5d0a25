package linecook.checks

target := input.requirement.name

# history is undefined when any event in it cannot be read: an event that hides
# must not look like a stage that is vacant.
history := input.evidence.history if {
	is_array(input.evidence.history)
	every event in input.evidence.history {
		is_string(event.stage)
		is_number(event.sequence)
		is_string(event.version)
		is_string(event.bundle_id)
		is_number(instant(event.at))
		event.operation in {"promote", "rollback"}
	}
}

events(stage) := [event | some event in history; event.stage == stage] if is_array(history)

vacant(stage) if count(events(stage)) == 0

# current is the last event of a stage. It is undefined unless the events are
# numbered 1, 2, 3 and so on: one that was taken out or put in twice is a history
# that says nothing.
current(stage) := last if {
	count(events(stage)) > 0
	{event.sequence | some event in events(stage)} == {n | some n in numbers.range(1, count(events(stage)))}
	some last in events(stage)
	last.sequence == count(events(stage))
}

# METADATA
# title: The stage names what it requires
# description: A stage that requires nothing lets nothing through.
# custom:
#   always: [promote]
#   remediation: Name at least one check under require of stage {stage}.
passed contains "checks_named" if {
	is_array(input.requirement.require)
	count(input.requirement.require) > 0
}

reasons.checks_named contains message if {
	count(input.requirement.require) == 0
	message := sprintf("stage %s requires no check", [target])
}

# METADATA
# title: The version holds the stage before
# description: The same version with the same bundle is the current one on the stage named by after. The first stage has none before it.
# custom:
#   always: [promote]
#   remediation: Promote this version to the stage before first.
#   command: linecook promote --version {version} --to {after}
passed contains "previous_stage" if {
	input.evidence.stage == target
	holds_previous
}

holds_previous if {
	input.requirement.after == ""
	is_array(history)
}

holds_previous if {
	input.requirement.after != ""
	holds(current(input.requirement.after))
}

holds(event) if {
	event.version == candidate.version
	event.bundle_id == candidate.bundle_id
}

reasons.previous_stage contains message if {
	input.requirement.after != ""
	vacant(input.requirement.after)
	message := sprintf("no version is on %s yet", [input.requirement.after])
}

reasons.previous_stage contains message if {
	event := current(input.requirement.after)
	not holds(event)
	message := sprintf("%s holds version %s (%s), not version %s (%s)", [input.requirement.after, event.version, event.bundle_id, candidate.version, candidate.bundle_id])
}

reasons.previous_stage contains message if {
	input.evidence.stage != target
	message := sprintf("the evidence asks for stage %s, the requirement is that of stage %s", [input.evidence.stage, target])
}

# METADATA
# title: The version is not on the stage already
# description: Neither this version nor this bundle is the current one on the target stage; a second event would say that something changed.
# custom:
#   always: [promote, rollback]
#   remediation: Nothing is to be done, {stage} has this version; to go back to the one before.
#   command: linecook promote --rollback --to {stage}
passed contains "not_current" if changes_stage

changes_stage if vacant(target)

changes_stage if {
	event := current(target)
	event.version != candidate.version
	event.bundle_id != candidate.bundle_id
}

reasons.not_current contains message if {
	event := current(target)
	event.version == candidate.version
	message := sprintf("version %s is on %s since %s", [event.version, target, event.at])
}

reasons.not_current contains message if {
	event := current(target)
	event.version != candidate.version
	event.bundle_id == candidate.bundle_id
	message := sprintf("version %s on %s is the same bundle %s", [event.version, target, event.bundle_id])
}

# METADATA
# title: Dated after every event there is
# description: The promotion's time is not before the time of any stage event, so that what served when can be read from the events.
# custom:
#   always: [promote, rollback]
#   remediation: Set the clock right, or leave --now out; history is not rewritten by dating an event back.
passed contains "in_order" if {
	is_array(history)
	every event in history {
		instant(event.at) <= instant(input.evidence.at)
	}
}

reasons.in_order contains message if {
	some event in history
	instant(event.at) > instant(input.evidence.at)
	message := sprintf("version %s came to %s at %s, after the promotion at %s", [event.version, event.stage, event.at, input.evidence.at])
}

# METADATA
# title: Newer than what serves
# description: The version is higher than the one on the target stage, by semantic versioning. Going back is a rollback.
# custom:
#   remediation: Train the next version, or go back to the one before.
#   command: linecook promote --rollback --to {stage}
passed contains "newer_version" if comes_after

comes_after if {
	vacant(target)
	semver.is_valid(candidate.version)
}

comes_after if {
	semver.is_valid(candidate.version)
	event := current(target)
	semver.is_valid(event.version)
	semver.compare(candidate.version, event.version) > 0
}

reasons.newer_version contains message if {
	event := current(target)
	not comes_after
	message := sprintf("version %s is not higher than %s, which serves on %s", [candidate.version, event.version, target])
}

# METADATA
# title: Served on the stage before
# description: A rollback goes to a version, with the same bundle, that an earlier event put on the stage and that no rollback has left since.
# custom:
#   always: [rollback]
#   remediation: See what served on {stage} and choose one of those versions, or promote this one.
#   command: linecook promote --version {version} --to {stage}
passed contains "served_before" if {
	input.evidence.stage == target
	is_set(left)
	not candidate.bundle_id in left
	serving := current(target)
	some event in events(target)
	event.sequence < serving.sequence
	holds(event)
}

# left are the bundles that a rollback of the stage went away from.
left := {event.bundle_id |
	some rollback in events(target)
	rollback.operation == "rollback"
	some event in events(target)
	event.sequence == rollback.sequence - 1
} if {
	is_array(history)
}

reasons.served_before contains message if {
	serving := current(target)
	count([event | some event in events(target); event.sequence < serving.sequence; holds(event)]) == 0
	message := sprintf("version %s (%s) never served on %s before", [candidate.version, candidate.bundle_id, target])
}

reasons.served_before contains message if {
	candidate.bundle_id in left
	message := sprintf("version %s was rolled back from", [candidate.version])
}

reasons.served_before contains message if {
	vacant(target)
	message := sprintf("no version was ever on %s", [target])
}
