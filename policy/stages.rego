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
#   always: true
#   remediation: Name at least one check under require of the stage in pipeline.yaml.
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
#   always: true
#   remediation: Promote this version to the stage named by after first.
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
#   always: true
#   remediation: Nothing is to be done, the stage has this version; to go back to an older one, promote that version.
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
# title: Ran long enough on the stage before
# description: This bundle scored at least min_days different days on the stage named by after. Carried-forward days do not count.
# custom:
#   remediation: Score more days on the stage named by after, then ask again.
passed contains "staged_days" if {
	positive(input.requirement.min_days)
	input.requirement.after != ""
	days_scored >= input.requirement.min_days
}

# days_scored is undefined when the runs cannot be read, or when two summaries
# claim to be this bundle's.
days_scored := counts[0] if {
	counts := [run.days_scored |
		some run in input.evidence.runs
		run.stage == input.requirement.after
		run.bundle_id == candidate.bundle_id
	]
	count(counts) == 1
	is_number(counts[0])
}

reasons.staged_days contains message if {
	days_scored < input.requirement.min_days
	message := sprintf("scored %v days on %s; the stage asks for %v", [days_scored, input.requirement.after, input.requirement.min_days])
}

reasons.staged_days contains message if {
	input.requirement.after != ""
	not days_scored
	message := sprintf("this bundle has no runs on %s", [input.requirement.after])
}

reasons.staged_days contains "the stage sets no min_days" if input.requirement.min_days == 0

reasons.staged_days contains "the stage comes after no other, so there is nowhere to have run" if input.requirement.after == ""

# METADATA
# title: Dated after every event there is
# description: The promotion's time is not before the time of any stage event, so that what served when can be read from the events.
# custom:
#   remediation: Give the promotion its true time; history is not rewritten by dating an event back.
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
