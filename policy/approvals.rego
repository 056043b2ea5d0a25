package linecook.checks

# METADATA
# title: Approved by people who did not make it
# description: The bundle's commit is what the merge of one pull request made on the default branch. At least min_approvals people who may write approved its last commit, nobody who may write asks for changes, and none of them is its author, an author of its commits, who trained the bundle, or who promotes it.
# custom:
#   reads: [min_approvals]
#   live: true
#   remediation: Have the pull request that the version was trained from approved by people who did not write, train or promote it; after a merge that nobody approved, open another, tag its merge and train.
#   command: gh pr edit --add-reviewer LOGIN
passed contains "approved" if {
	positive(input.requirement.min_approvals)
	merged
	count(objectors) == 0
	count(approvers) >= input.requirement.min_approvals
}

approvals := input.evidence.approvals

# merged holds where the pull request is known that made the commit.
merged if {
	approvals.looked == true
	positive(approvals.pull_request)
	is_commit(candidate.trained_commit)
	approvals.commit == candidate.trained_commit
	approvals.merge_commit == candidate.trained_commit
	is_commit(approvals.head)
	approvals.base != ""
	approvals.base == origin.default_branch
}

# parties are those whose own approval says nothing, undefined where one of them
# is not known.
parties := {lower(login) | some login in logins} if {
	every login in logins {
		is_string(login)
		login != ""
	}
}

logins := array.concat(
	array.concat([approvals.author, candidate.trained_by, input.evidence.actor, input.evidence.origin.triggered_by], trainers),
	[login | some commit in approvals.authors; some login in [commit.author, commit.committer]],
) if {
	# GitHub lists 250 commits of a pull request at most.
	positive(approvals.commits)
	count(approvals.authors) == approvals.commits
	every commit in approvals.authors {
		is_string(commit.author)
		is_string(commit.committer)
		is_commit(commit.commit)
	}
	some commit in approvals.authors
	commit.commit == approvals.head
}

# trainers are who had the bundle built, where a signed statement says in which
# run. Who registered it, which trained_by is, whoever may write could forge.
trainers := [provenance.actor, provenance.triggered_by] if provenance.verified == true

trainers := [] if provenance.verified == false

# reviews is undefined when one of them cannot be read: a review that hides must
# not look like none.
reviews := approvals.reviews if {
	is_array(approvals.reviews)
	every review in approvals.reviews {
		is_string(review.reviewer)
		review.reviewer != ""
		review.state in {"APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"}
		is_string(review.commit)
		is_number(instant(review.at))
		is_string(review.permission)
	}
}

# standing are a reviewer's last reviews that say yes or no, or that were taken
# back. A comment changes nothing.
standing[reviewer] contains review if {
	some review in reviews
	reviewer := lower(review.reviewer)
	says_something(review)
	instant(review.at) == max({instant(other.at) |
		some other in reviews
		lower(other.reviewer) == reviewer
		says_something(other)
	})
}

says_something(review) if review.state in {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}

may_write(review) if review.permission in {"admin", "maintain", "write"}

approvers contains reviewer if {
	is_set(parties)
	some reviewer, last in standing
	not reviewer in parties
	every review in last {
		review.state == "APPROVED"
		review.commit == approvals.head
		instant(review.at) <= instant(input.evidence.at)
		may_write(review)
	}
}

objectors contains reviewer if {
	is_array(reviews)
	some reviewer, last in standing
	some review in last
	review.state == "CHANGES_REQUESTED"
	may_write(review)
}

reasons.approved contains "the stage sets no min_approvals" if input.requirement.min_approvals == 0

reasons.approved contains "nobody could be asked who approved; promote on a runner, with the job's token" if {
	approvals.looked == false
}

reasons.approved contains message if {
	approvals.looked == true
	approvals.pull_request == 0
	message := sprintf("no pull request made the commit %q", [candidate.trained_commit])
}

reasons.approved contains message if {
	positive(approvals.pull_request)
	not merged
	message := sprintf("pull request %v into %q made the commit %q; the bundle is of %q and the default branch is %q", [
		approvals.pull_request, approvals.base, approvals.merge_commit, candidate.trained_commit, origin.default_branch,
	])
}

reasons.approved contains message if {
	merged
	some reviewer in objectors
	message := sprintf("%s asks for changes in pull request %v", [reviewer, approvals.pull_request])
}

reasons.approved contains message if {
	merged
	not parties
	message := sprintf("it is not known who wrote all of pull request %v, who trained the version and who promotes it; GitHub has an account for the authors of %v of its %v commits", [
		approvals.pull_request,
		count([commit | some commit in approvals.authors; commit.author != ""; commit.committer != ""]), approvals.commits,
	])
}

reasons.approved contains message if {
	merged
	provenance.verified == true
	provenance.actor == ""
	message := sprintf("GitHub keeps %s no more, so that nobody knows who trained the version; train another", [provenance.run])
}

reasons.approved contains message if {
	merged
	count(approvers) < input.requirement.min_approvals
	message := sprintf("pull request %v has %v approvals that count; the stage asks for %v", [approvals.pull_request, count(approvers), input.requirement.min_approvals])
}

reasons.approved contains message if {
	merged
	some reviewer, last in standing
	some review in last
	review.state in {"APPROVED", "DISMISSED"}
	not reviewer in approvers
	message := sprintf("the review of %s does not count: %s", [reviewer, concat(", ", flaws(reviewer, review))])
}

flaws(reviewer, review) := [flaw |
	some flaw, holds_true in {
		"dismissed": review.state == "DISMISSED",
		"wrote, trained or promotes it": reviewer in parties,
		"of an earlier commit": review.commit != approvals.head,
		"later than the promotion": instant(review.at) > instant(input.evidence.at),
		"may not write": not_writer(review),
	}
	holds_true == true
]

not_writer(review) := false if may_write(review)

not_writer(review) if not may_write(review)
