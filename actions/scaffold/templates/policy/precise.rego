package linecook.checks

# The widest interval of R² that still says how good the model is.
widest_interval := 0.2

# METADATA
# title: The evaluation is precise
# description: The interval of R², measured on all rows, is at most 0.2 wide.
# custom:
#   remediation: Lengthen split.holdout, or wait for more data, and train a new version.
passed contains "precise" if interval_width <= widest_interval

# interval_width is undefined, and nothing passes, where the metric was not
# measured on all rows.
interval_width := estimate.high - estimate.low if {
	some estimate in input.evidence.evaluation.estimates
	estimate.metric == "r2"
	estimate.slice == ""
	is_number(estimate.low)
	is_number(estimate.high)
}

reasons.precise contains message if {
	interval_width > widest_interval
	message := sprintf("the interval of r2 is %v wide, more than %v", [interval_width, widest_interval])
}
