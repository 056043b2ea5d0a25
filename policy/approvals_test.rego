package linecook.checks_test

import data.linecook.checks
import data.linecook.fixture

test_approved_passes if {
	"approved" in checks.passed with input as fixture.good
	checks.approvers == {"barbara", "dennis"} with input as fixture.good
}

test_approved_denied_by_one_too_few if {
	spoiled := fixture.without(["/evidence/approvals/reviews/2"])
	not "approved" in checks.passed with input as spoiled
	checks.reasons.approved == {"pull request 12 has 1 approvals that count; the stage asks for 2"} with input as spoiled
}

# One of the two that approved is not another's.
test_approved_denied_by_a_party if {
	some path in ["/evidence/approvals/author", "/evidence/approvals/authors/0/author", "/evidence/approvals/authors/1/committer", "/evidence/candidate/trained_by", "/evidence/actor", "/evidence/origin/triggered_by", "/evidence/provenance/actor", "/evidence/provenance/triggered_by"]
	spoiled := fixture.changed({path: "dennis"})
	not "approved" in checks.passed with input as spoiled
	"the review of dennis does not count: wrote, trained or promotes it" in checks.reasons.approved with input as spoiled
}

test_approved_denied_when_nobody_knows_who_trained if {
	spoiled := fixture.changed({"/evidence/provenance/actor": "", "/evidence/provenance/triggered_by": ""})
	not "approved" in checks.passed with input as spoiled
	"GitHub keeps https://github.com/octo/flights/actions/runs/5/attempts/2 no more, so that nobody knows who trained the version; train another" in checks.reasons.approved with input as spoiled
}

test_approved_passes_where_nothing_is_signed if {
	"approved" in checks.passed with input as fixture.changed({
		"/evidence/provenance/verified": false,
		"/evidence/provenance/actor": "",
		"/evidence/provenance/triggered_by": "",
	})
}

test_approved_denied_in_other_letters if {
	not "approved" in checks.passed with input as fixture.changed({"/evidence/actor": "DENNIS"})
}

test_approved_denied_when_stale if {
	spoiled := fixture.changed({"/evidence/approvals/reviews/2/commit": fixture.commit})
	not "approved" in checks.passed with input as spoiled
	"the review of dennis does not count: of an earlier commit" in checks.reasons.approved with input as spoiled
}

test_approved_denied_when_dismissed if {
	spoiled := fixture.changed({"/evidence/approvals/reviews/2/state": "DISMISSED"})
	not "approved" in checks.passed with input as spoiled
	"the review of dennis does not count: dismissed" in checks.reasons.approved with input as spoiled
}

test_approved_denied_when_taken_back_later if {
	later := {"reviewer": "dennis", "state": "DISMISSED", "commit": fixture.head, "at": "2013-09-22T09:00:00Z", "permission": "admin"}
	not "approved" in checks.passed with input as fixture.changed({"/evidence/approvals/reviews/-": later})
}

test_approved_denied_by_an_objection if {
	later := {"reviewer": "ken", "state": "CHANGES_REQUESTED", "commit": fixture.head, "at": "2013-09-22T09:00:00Z", "permission": "write"}
	spoiled := fixture.changed({"/evidence/approvals/reviews/-": later})
	not "approved" in checks.passed with input as spoiled
	checks.reasons.approved == {"ken asks for changes in pull request 12"} with input as spoiled
}

test_approved_passes_over_an_objection_of_a_stranger if {
	later := {"reviewer": "ken", "state": "CHANGES_REQUESTED", "commit": fixture.head, "at": "2013-09-22T09:00:00Z", "permission": "read"}
	"approved" in checks.passed with input as fixture.changed({"/evidence/approvals/reviews/-": later})
}

test_approved_passes_after_a_comment if {
	later := {"reviewer": "dennis", "state": "COMMENTED", "commit": fixture.head, "at": "2013-09-22T09:00:00Z", "permission": "admin"}
	"approved" in checks.passed with input as fixture.changed({"/evidence/approvals/reviews/-": later})
}

test_approved_denied_by_who_may_not_write if {
	spoiled := fixture.changed({"/evidence/approvals/reviews/2/permission": "read"})
	not "approved" in checks.passed with input as spoiled
	"the review of dennis does not count: may not write" in checks.reasons.approved with input as spoiled
}

test_approved_denied_by_a_review_of_the_future if {
	spoiled := fixture.changed({"/evidence/approvals/reviews/2/at": "2013-10-15T06:00:01Z"})
	not "approved" in checks.passed with input as spoiled
	"the review of dennis does not count: later than the promotion" in checks.reasons.approved with input as spoiled
}

test_approved_denied_when_a_review_cannot_be_read if {
	not "approved" in checks.passed with input as fixture.changed({"/evidence/approvals/reviews/3/state": "MAYBE"})
}

test_approved_denied_without_a_pull_request if {
	spoiled := fixture.changed({"/evidence/approvals/pull_request": 0})
	not "approved" in checks.passed with input as spoiled
	checks.reasons.approved == {sprintf("no pull request made the commit %q", [fixture.commit])} with input as spoiled
}

test_approved_denied_for_another_commit if {
	spoiled := fixture.changed({"/evidence/approvals/merge_commit": fixture.head})
	not "approved" in checks.passed with input as spoiled
	count(checks.reasons.approved) == 1 with input as spoiled
	not "approved" in checks.passed with input as fixture.changed({"/evidence/approvals/commit": fixture.head})
}

test_approved_denied_on_another_branch if {
	not "approved" in checks.passed with input as fixture.changed({"/evidence/approvals/base": "mine"})
}

test_approved_denied_when_an_author_is_not_known if {
	spoiled := fixture.changed({"/evidence/approvals/authors/0/author": ""})
	not "approved" in checks.passed with input as spoiled
	"it is not known who wrote all of pull request 12, who trained the version and who promotes it; GitHub has an account for the authors of 1 of its 2 commits" in checks.reasons.approved with input as spoiled
}

test_approved_denied_when_not_all_commits_are_listed if {
	not "approved" in checks.passed with input as fixture.changed({"/evidence/approvals/commits": 300})
	not "approved" in checks.passed with input as fixture.changed({"/evidence/approvals/authors/1/commit": fixture.commit})
}

test_approved_denied_when_nobody_looked if {
	spoiled := fixture.changed({"/evidence/approvals/looked": false, "/evidence/approvals/pull_request": 0})
	not "approved" in checks.passed with input as spoiled
	checks.reasons.approved == {"nobody could be asked who approved; promote on a runner, with the job's token"} with input as spoiled
}

test_approved_denied_without_a_limit if {
	spoiled := fixture.changed({"/requirement/min_approvals": 0})
	not "approved" in checks.passed with input as spoiled
	"the stage sets no min_approvals" in checks.reasons.approved with input as spoiled
}
