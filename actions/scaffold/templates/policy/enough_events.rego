package linecook.checks

# The fewest events in the evaluation. With less, a metric's interval says little
# about the rare outcome that one wants to predict.
fewest_events := 30

# METADATA
# title: The evaluation saw the event often enough
# description: The area under the ROC curve was measured on at least 30 rows in which the event happened.
# custom:
#   remediation: Lengthen split.holdout, or wait for more data, and train a new version.
passed contains "enough_events" if events_evaluated >= fewest_events

# events_evaluated is undefined, and nothing passes, where the metric was not
# measured on all rows.
events_evaluated := estimate.positives if {
	some estimate in input.evidence.evaluation.estimates
	estimate.metric == "roc_auc"
	estimate.slice == ""
	is_number(estimate.positives)
}

reasons.enough_events contains message if {
	events_evaluated < fewest_events
	message := sprintf("the evaluation saw the event %v times, fewer than %v", [events_evaluated, fewest_events])
}
