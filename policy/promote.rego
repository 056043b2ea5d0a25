# METADATA
# title: Promotion
# description: The one decision, read from the checks that passed and from nothing else.
package linecook.promotion

import data.linecook.checks

operation := input.evidence.operation

# Whatever a stage requires, these apply: a bundle that was altered, a version
# that skipped a stage, an event that changes nothing or is dated back, rules
# that are not the default branch's, and a stage that asks for nothing are
# refused everywhere. A rollback repairs a stage in a hurry and goes only where
# the stage has been.
always := {
	"promote": {"bundle_verified", "checks_named", "default_branch_policy", "in_order", "not_current", "previous_stage"},
	"rollback": {"bundle_verified", "default_branch_policy", "in_order", "not_current", "served_before"},
}

required contains code if some code in always[operation]

required contains code if {
	operation == "promote"
	some code in input.requirement.require
}

required contains code if {
	operation == "rollback"
	some code in input.requirement.rollback
}

missing := required - checks.passed

default allowed := false

allowed if {
	count(required) > 0
	count(missing) == 0
}

denials[code] := object.get(checks.reasons, code, set()) if some code in missing

# METADATA
# title: Decision
# description: What is required, what passed, and why the rest did not.
# entrypoint: true
decision := {
	"allowed": allowed,
	"denials": denials,
	"passed": required & checks.passed,
	"required": required,
}
