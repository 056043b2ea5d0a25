# METADATA
# title: Promotion
# description: The one decision, read from the checks that passed and from nothing else.
package linecook.promotion

import data.linecook.checks

# Whatever a stage requires, these apply: a bundle that was altered, a version
# that skipped a stage, an event that changes nothing, and a stage that asks for
# nothing are refused everywhere.
always := {"bundle_verified", "checks_named", "not_current", "previous_stage"}

required := always | {code | some code in input.requirement.require}

missing := required - checks.passed

default allowed := false

allowed if {
	count(input.requirement.require) > 0
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
