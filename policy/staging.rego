package linecook.checks

# METADATA
# title: Ran long enough on the stage before
# description: This bundle scored at least min_days different days on the stage named by after, none of them before its cut-off. Carried-forward days do not count.
# custom:
#   reads: [min_days]
#   live: true
#   remediation: Score more days on the stage before, then ask again.
#   command: linecook score --stage {after} --date DATE
passed contains "staged_days" if {
	positive(input.requirement.min_days)
	input.requirement.after != ""
	days_scored >= input.requirement.min_days
}

days_scored := staged.days_scored if is_number(staged.days_scored)

# staged is this bundle's summary of the stage before, undefined when there is
# none or when two claim to be it.
staged := found[0] if {
	found := [run |
		some run in input.evidence.runs
		run.stage == input.requirement.after
		run.bundle_id == candidate.bundle_id
	]
	count(found) == 1
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
# title: Little drift on the stage before
# description: On the last day that this bundle scored on the stage named by after, monitoring measured every feature and the scores, and none had drifted from the training profile by more than max_psi of the stage.
# custom:
#   reads: [max_psi]
#   live: true
#   remediation: Compare the drifted features with the training profile; if the change is here to stay, train on data up to now. Where there were too few rows, score more days on the stage before; a feature that was never there in training tells nothing.
#   command: linecook train --version X.Y.Z
passed contains "drift_bounded" if {
	positive(input.requirement.max_psi)
	is_array(drift)
	count({d.feature | some d in drift}) == expected_drifts
	every d in drift {
		tame(d)
	}
}

# expected_drifts are those of all features and of the scores: one that is not
# listed was not looked at.
expected_drifts := features + 1 if {
	features := input.evidence.honesty.features_checked
	positive(features)
}

# drift is undefined where the date it was measured on is not known.
drift := staged.drift if {
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, staged.drift_date)
	staged.drift_date <= staged.last_date
}

tame(d) if {
	is_string(d.feature)
	d.status == "measured"
	is_number(d.psi)
	d.psi >= 0
	d.psi <= input.requirement.max_psi
	positive(d.n)
}

reasons.drift_bounded contains "the stage sets no max_psi" if object.get(input.requirement, "max_psi", null) == null

reasons.drift_bounded contains message if {
	not drift
	message := sprintf("monitoring measured nothing for this bundle on %q", [input.requirement.after])
}

reasons.drift_bounded contains message if {
	listed := count({d.feature | some d in drift})
	listed != expected_drifts
	message := sprintf("monitoring lists %v of %v features and scores for this bundle on %s", [listed, expected_drifts, staged.drift_date])
}

reasons.drift_bounded contains message if {
	some d in drift
	d.status != "measured"
	message := sprintf("%s could not be measured over %v rows up to %s: %s", [d.feature, d.n, staged.drift_date, d.status])
}

reasons.drift_bounded contains message if {
	positive(input.requirement.max_psi)
	some d in drift
	d.status == "measured"
	not tame(d)
	message := sprintf("%s has drifted by %v over %v rows up to %s; the stage allows %v", [d.feature, short(d.psi), d.n, staged.drift_date, input.requirement.max_psi])
}
