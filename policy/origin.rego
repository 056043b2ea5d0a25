package linecook.checks

# METADATA
# title: The rules are the default branch's
# description: On a runner, the job is for the default branch, and the stages and the checks of one's own are those of its commit, byte for byte. Elsewhere nobody can promise that, and the check passes; a stage that wants the promise requires protected_policy.
# custom:
#   always: [promote, rollback]
#   remediation: Merge the change of the rules first, then run the promotion from the default branch.
#   command: gh workflow run {promoter} --ref {branch} -f version={version} -f to={stage}
passed contains "default_branch_policy" if rules_as_good_as_can_be

rules_as_good_as_can_be if origin.kind in {"local", "rehearsal"}

rules_as_good_as_can_be if default_branch_rules

default_branch_rules if {
	origin.kind == "github"
	default_branch_job
	is_commit(origin.commit)
	input.evidence.policy.commit == origin.commit
	input.evidence.policy.unchanged == true
}

default_branch_job if {
	origin.default_branch != ""
	origin.ref == concat("", ["refs/heads/", origin.default_branch])
}

reasons.default_branch_policy contains message if {
	origin.kind == "github"
	not default_branch_job
	message := sprintf("the job is for %q, and the default branch is %q", [origin.ref, origin.default_branch])
}

reasons.default_branch_policy contains message if {
	origin.kind == "github"
	input.evidence.policy.unchanged == false
	message := sprintf("the stages or the checks of one's own differ from those of commit %q", [origin.commit])
}

reasons.default_branch_policy contains message if {
	origin.kind == "github"
	input.evidence.policy.commit != origin.commit
	message := sprintf("the rules were compared with commit %q, and the job is for %q", [input.evidence.policy.commit, origin.commit])
}

# METADATA
# title: The rules are those of a protected branch
# description: The promotion runs on a runner, for the last commit of the default branch, GitHub protects that branch, and the stages and the checks of one's own are those of that commit, byte for byte.
# custom:
#   live: true
#   remediation: Promote on a runner, from a default branch that is protected, in a new run; one that is started again has the rules of then.
#   command: gh workflow run {promoter} --ref {branch} -f version={version} -f to={stage}
passed contains "protected_policy" if {
	default_branch_rules
	input.evidence.policy.protected == true
	input.evidence.policy.head == origin.commit
}

reasons.protected_policy contains message if {
	origin.kind != "github"
	message := sprintf("the promotion runs where nobody guards the rules (%s)", [origin.kind])
}

reasons.protected_policy contains message if {
	origin.kind == "github"
	some message in reasons.default_branch_policy
}

reasons.protected_policy contains message if {
	origin.kind == "github"
	input.evidence.policy.protected == false
	message := sprintf("GitHub does not protect %q", [origin.ref])
}

reasons.protected_policy contains "GitHub was not asked for the branch's last commit; promote with the job's token" if {
	origin.kind == "github"
	input.evidence.policy.head == ""
}

reasons.protected_policy contains message if {
	is_commit(input.evidence.policy.head)
	input.evidence.policy.head != origin.commit
	message := sprintf("the job is for commit %q, and the last commit of %q is %q", [origin.commit, origin.default_branch, input.evidence.policy.head])
}

# METADATA
# title: Built by a known workflow from the tagged commit
# description: A signed statement about the very file of the bundle was verified. It names this repository, the version's tag, the commit that the manifest names, and one of the stage's builders; a stage without builders means the workflows of this repository.
# custom:
#   reads: [builders]
#   live: true
#   remediation: Let the tag's workflow train, attest and publish the version.
#   command: git push origin {tag}
passed contains "attested" if {
	proven_origin
	known_builder
}

provenance := input.evidence.provenance

proven_origin if {
	provenance.looked == true
	provenance.verified == true
	same_repository
	provenance.ref == version_ref
	is_commit(provenance.commit)
	provenance.commit == candidate.trained_commit
	regex.match(`^sha256:[0-9a-f]{64}$`, provenance.digest)
	provenance.digest == candidate.archive_sha256
	own_run
}

own_run if contains(lower(provenance.run), sprintf("/%s/actions/runs/", [lower(origin.repository)]))

same_repository if {
	origin.repository != ""
	lower(provenance.repository) == lower(origin.repository)
}

version_ref := sprintf("refs/tags/%s@v%s", [input.evidence.pipeline, candidate.version])

known_builder if {
	is_array(input.requirement.builders)
	provenance.builder in input.requirement.builders
}

known_builder if {
	input.requirement.builders == []
	same_repository
	startswith(lower(provenance.builder), concat("", [lower(origin.repository), "/.github/workflows/"]))
}

reasons.attested contains "nobody could verify a signed statement; promote with the job's token and with --trusted-root" if {
	provenance.looked == false
}

reasons.attested contains message if {
	provenance.looked == true
	provenance.verified == false
	message := sprintf("no signed statement about the bundle was verified: %s", [provenance.problem])
}

reasons.attested contains message if {
	provenance.verified == true
	some name, pair in {
		"repository": [lower(provenance.repository), lower(origin.repository)],
		"ref": [provenance.ref, version_ref],
		"commit": [provenance.commit, candidate.trained_commit],
		"digest": [provenance.digest, candidate.archive_sha256],
	}
	pair[0] != pair[1]
	message := sprintf("the statement's %s is %q, not %q", [name, pair[0], pair[1]])
}

reasons.attested contains message if {
	provenance.verified == true
	not own_run
	message := sprintf("the statement's run is %q, which is none of %q", [provenance.run, origin.repository])
}

reasons.attested contains message if {
	provenance.verified == true
	not known_builder
	message := sprintf("the statement's workflow %q is not a builder of the stage", [provenance.builder])
}
