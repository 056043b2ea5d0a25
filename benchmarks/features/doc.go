// Package features measures the compiler of features against pandas and Polars.
//
// Everything is generated, measured, compared and printed in one run. It needs
// Python 3.11 or later with venv; the peers' pinned versions are in
// requirements.txt, and come from the Python registry into a virtual
// environment that the run makes and removes:
//
//		go test ./benchmarks/features -run '^$' -bench . -benchtime 1x -timeout 60m -args -events 1000000
//
//	 1. Events (payments with a customer, a merchant, a station, an amount and a
//	    flag) and hourly readings of stations are written as Parquet into a
//	    temporary folder.
//	 2. Each tool reads them and works out the same 20 features for every event
//	    as of its time: 4 as-of lookups, and 16 counts, means and rates by
//	    customer or merchant over windows from an hour to 30 days. Each turn is a
//	    process of its own, so that its peak memory is its own. The clock runs
//	    from opening the files until all features are in the process's memory;
//	    starting the interpreter or the program is not in it. The processor time
//	    is that of the whole process.
//	 3. Each tool's features must have as many values and the same sums, to
//	    nine digits.
//	 4. The tools take turns, so that a busy machine slows all; the median counts.
//
// The peers know event times only, so a row is known here when it happens:
// the honest form, in which rows are known late, is nothing that they offer.
// linecook does all its usual work: one plan that would allow for late rows,
// exact sums, one total order, and a digest over every value.
//
// -events 10000000 is the larger case, -turns the number of turns, -peers names
// the peers to run, or none, and -memory bounds what DuckDB uses in linecook.
package features
