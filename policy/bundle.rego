package linecook.checks

# METADATA
# title: The bundle is the registered one, unaltered
# description: Every member was read and matched the manifest's digest, and the manifest's id is the registered one.
# custom:
#   always: [promote, rollback]
#   remediation: Restore the bundle's files, or train and register a new version.
#   command: linecook train --version X.Y.Z
passed contains "bundle_verified" if {
	candidate.verified == true
	regex.match(`^sha256:[0-9a-f]{64}$`, candidate.bundle_id)
	regex.match(`^[0-9]+\.[0-9]+\.[0-9]+`, candidate.version)
}

reasons.bundle_verified contains message if {
	candidate.verified == false
	message := sprintf("version %s was not verified against its manifest %s", [candidate.version, candidate.bundle_id])
}

# METADATA
# title: Trained from a commit that can be read again
# description: The working tree had no changes when the bundle was trained, and the commit is named.
# custom:
#   remediation: Commit the changes and train a new version from the clean tree.
#   command: linecook train --version X.Y.Z
passed contains "clean_commit" if {
	candidate.dirty == false
	is_commit(candidate.trained_commit)
}

reasons.clean_commit contains message if {
	candidate.dirty == true
	message := sprintf("the working tree differed from commit %q when version %s was trained", [candidate.trained_commit, candidate.version])
}

reasons.clean_commit contains message if {
	candidate.trained_commit == ""
	message := sprintf("version %s does not name the commit it was trained from", [candidate.version])
}

# METADATA
# title: No feature knew the future
# description: The static check of feature definitions passed, over at least one feature; and so did the experiment, over the same features, at least one cut-off, observation and row that was not yet known.
# custom:
#   remediation: See which features use what is known only after the decision time, take them away and train again.
#   command: linecook validate --prove-honesty
passed contains "honest_features" if {
	input.evidence.honesty.static_passed == true
	positive(input.evidence.honesty.features_checked)
	proven(input.evidence.honesty.dynamic)
	input.evidence.honesty.dynamic.features == input.evidence.honesty.features_checked
}

proven(certificate) if {
	certificate.passed == true
	positive(certificate.observations)
	positive(certificate.rows_removed)
	positive(certificate.rows_scrambled)
	startswith(certificate.snapshot_digest, "sha256:")
	startswith(certificate.definitions_digest, "sha256:")
	is_array(certificate.cut_offs)
	count(certificate.cut_offs) > 0
	every at in certificate.cut_offs {
		is_number(instant(at))
	}
}

reasons.honest_features contains "the static check of feature definitions failed" if {
	input.evidence.honesty.static_passed == false
}

reasons.honest_features contains "no feature was checked" if input.evidence.honesty.features_checked == 0

reasons.honest_features contains "features were not proven to be the same without what was known later" if {
	input.evidence.honesty.dynamic.passed == false
}

reasons.honest_features contains message if {
	certificate := input.evidence.honesty.dynamic
	certificate.passed == true
	not proven(certificate)
	message := sprintf("the proof compared %v observations at %v cut-offs, with %v rows taken away and %v put in disorder; each must be more than 0", [certificate.observations, count(certificate.cut_offs), certificate.rows_removed, certificate.rows_scrambled])
}

reasons.honest_features contains message if {
	proven(input.evidence.honesty.dynamic)
	input.evidence.honesty.dynamic.features != input.evidence.honesty.features_checked
	message := sprintf("the proof is over %v features, and %v were checked", [input.evidence.honesty.dynamic.features, input.evidence.honesty.features_checked])
}

# METADATA
# title: The training data kept its contracts
# description: At least one contract check ran over at least one row, and none found an error.
# custom:
#   remediation: Repair the source or the contract until this is clean, and train again.
#   command: linecook validate
passed contains "contract_clean" if {
	positive(input.evidence.contract.checks)
	positive(input.evidence.contract.rows)
	input.evidence.contract.errors == 0
}

reasons.contract_clean contains message if {
	input.evidence.contract.errors > 0
	message := sprintf("%v of %v contract checks found errors", [input.evidence.contract.errors, input.evidence.contract.checks])
}

reasons.contract_clean contains "no contract check ran" if input.evidence.contract.checks == 0

reasons.contract_clean contains "the contracts were checked on no rows" if input.evidence.contract.rows == 0

# METADATA
# title: Trained on recent data
# description: The candidate's data ends before the promotion, by at most max_age_days of the stage.
# custom:
#   reads: [max_age_days]
#   remediation: Train a new version on data up to now.
#   command: linecook train --version X.Y.Z
passed contains "recent_training" if {
	positive(input.requirement.max_age_days)
	days_old >= 0
	days_old <= input.requirement.max_age_days
}

days_old := (instant(input.evidence.at) - instant(candidate.until)) / nanoseconds_per_day

reasons.recent_training contains message if {
	positive(input.requirement.max_age_days)
	days_old > input.requirement.max_age_days
	message := sprintf("the data ends at %s, %v days before %s; the stage allows %v", [candidate.until, floor(days_old), input.evidence.at, input.requirement.max_age_days])
}

reasons.recent_training contains message if {
	days_old < 0
	message := sprintf("the data ends at %s, after the promotion at %s", [candidate.until, input.evidence.at])
}

reasons.recent_training contains "the stage sets no max_age_days" if input.requirement.max_age_days == 0
