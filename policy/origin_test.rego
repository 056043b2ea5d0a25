package linecook.checks_test

import data.linecook.checks
import data.linecook.fixture

test_default_branch_policy_passes if "default_branch_policy" in checks.passed with input as fixture.good

test_default_branch_policy_passes_where_nobody_can_promise if {
	"default_branch_policy" in checks.passed with input as fixture.changed({"/evidence/origin/kind": "local", "/evidence/policy/unchanged": false})
	"default_branch_policy" in checks.passed with input as fixture.changed({"/evidence/origin/kind": "rehearsal"})
}

test_default_branch_policy_denied_on_another_branch if {
	spoiled := fixture.changed({"/evidence/origin/ref": "refs/heads/relaxed"})
	not "default_branch_policy" in checks.passed with input as spoiled
	checks.reasons.default_branch_policy == {"the job is for \"refs/heads/relaxed\", and the default branch is \"main\""} with input as spoiled
}

test_default_branch_policy_denied_on_a_tag_of_the_branchs_name if {
	not "default_branch_policy" in checks.passed with input as fixture.changed({"/evidence/origin/ref": "refs/tags/main"})
}

test_default_branch_policy_denied_when_no_branch_is_known if {
	not "default_branch_policy" in checks.passed with input as fixture.changed({"/evidence/origin/ref": "refs/heads/", "/evidence/origin/default_branch": ""})
}

test_default_branch_policy_denied_when_changed if {
	spoiled := fixture.changed({"/evidence/policy/unchanged": false})
	not "default_branch_policy" in checks.passed with input as spoiled
	count(checks.reasons.default_branch_policy) == 1 with input as spoiled
}

test_default_branch_policy_denied_when_compared_with_another_commit if {
	spoiled := fixture.changed({"/evidence/policy/commit": fixture.commit})
	not "default_branch_policy" in checks.passed with input as spoiled
	count(checks.reasons.default_branch_policy) == 1 with input as spoiled
}

test_default_branch_policy_denied_in_an_unknown_place if {
	not "default_branch_policy" in checks.passed with input as fixture.changed({"/evidence/origin/kind": "elsewhere"})
}

test_protected_policy_passes if "protected_policy" in checks.passed with input as fixture.good

test_protected_policy_denied_on_a_laptop if {
	spoiled := fixture.changed({"/evidence/origin/kind": "local"})
	not "protected_policy" in checks.passed with input as spoiled
	checks.reasons.protected_policy == {"the promotion runs where nobody guards the rules (local)"} with input as spoiled
}

test_protected_policy_denied_when_nobody_protects_the_branch if {
	spoiled := fixture.changed({"/evidence/policy/protected": false})
	not "protected_policy" in checks.passed with input as spoiled
	checks.reasons.protected_policy == {"GitHub does not protect \"refs/heads/main\""} with input as spoiled
}

test_protected_policy_denied_on_another_branch if {
	spoiled := fixture.changed({"/evidence/origin/ref": "refs/heads/relaxed"})
	not "protected_policy" in checks.passed with input as spoiled
	count(checks.reasons.protected_policy) == 1 with input as spoiled
}

test_protected_policy_denied_in_an_old_run if {
	spoiled := fixture.changed({"/evidence/policy/head": "0123456789abcdef0123456789abcdef01234567"})
	not "protected_policy" in checks.passed with input as spoiled
	checks.reasons.protected_policy == {"the job is for commit \"fedcba9876543210fedcba9876543210fedcba98\", and the last commit of \"main\" is \"0123456789abcdef0123456789abcdef01234567\""} with input as spoiled
}

test_protected_policy_denied_when_nobody_was_asked if {
	spoiled := fixture.changed({"/evidence/policy/head": ""})
	not "protected_policy" in checks.passed with input as spoiled
	checks.reasons.protected_policy == {"GitHub was not asked for the branch's last commit; promote with the job's token"} with input as spoiled
}

test_attested_passes if "attested" in checks.passed with input as fixture.good

test_attested_passes_with_a_workflow_of_the_repository if {
	"attested" in checks.passed with input as fixture.changed({"/requirement/builders": []})
}

test_attested_denied_when_nobody_looked if {
	spoiled := fixture.changed({"/evidence/provenance/looked": false})
	not "attested" in checks.passed with input as spoiled
	count(checks.reasons.attested) == 1 with input as spoiled
}

test_attested_denied_when_not_verified if {
	spoiled := fixture.changed({"/evidence/provenance/verified": false, "/evidence/provenance/problem": "the signature does not hold"})
	not "attested" in checks.passed with input as spoiled
	checks.reasons.attested == {"no signed statement about the bundle was verified: the signature does not hold"} with input as spoiled
}

test_attested_denied_of_another if {
	some path, value in {
		"/evidence/provenance/repository": "mallory/flights",
		"/evidence/provenance/ref": "refs/heads/main",
		"/evidence/provenance/commit": fixture.head,
		"/evidence/provenance/digest": fixture.candidate_id,
	}
	spoiled := fixture.changed({path: value})
	not "attested" in checks.passed with input as spoiled
	count(checks.reasons.attested) == 1 with input as spoiled
}

test_attested_denied_by_a_run_of_another_repository if {
	spoiled := fixture.changed({"/evidence/provenance/run": "https://github.com/mallory/flights/actions/runs/5/attempts/1"})
	not "attested" in checks.passed with input as spoiled
	checks.reasons.attested == {`the statement's run is "https://github.com/mallory/flights/actions/runs/5/attempts/1", which is none of "octo/flights"`} with input as spoiled
}

test_attested_denied_from_another_workflow if {
	spoiled := fixture.changed({"/evidence/provenance/builder": "octo/flights/.github/workflows/other.yml"})
	not "attested" in checks.passed with input as spoiled
	checks.reasons.attested == {"the statement's workflow \"octo/flights/.github/workflows/other.yml\" is not a builder of the stage"} with input as spoiled
	not "attested" in checks.passed with input as fixture.changed({
		"/requirement/builders": [],
		"/evidence/provenance/builder": "mallory/flights/.github/workflows/train.yml",
	})
}

test_attested_denied_where_the_repository_is_not_known if {
	not "attested" in checks.passed with input as fixture.changed({"/evidence/origin/repository": "", "/evidence/provenance/repository": ""})
}
