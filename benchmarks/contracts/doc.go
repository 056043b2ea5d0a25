// Package contracts measures the check of a contract against the engine that it
// runs on.
//
// Everything is generated, measured and printed in one run:
//
//		go test ./benchmarks/contracts -run '^$' -bench . -benchtime 1x -timeout 30m
//
//	 1. A table of two million rows and twenty columns is written once, as CSV
//	    (about 380 MB) and as Parquet, into a temporary folder, or into the one
//	    that -folder names, where it stays for the next run.
//	 2. Each measurement is a process of its own, so that its peak memory is its
//	    own.
//	 3. The plain aggregate reads the same file with the same types and works out
//	    count, min and max of every column. The check holds the file against a
//	    contract with a rule for every column: types, required values, bounds,
//	    lengths, a closed list, a share of missing values, a key and a row count.
//	 4. They take turns, so that a busy machine slows both; the ratio is that of
//	    the medians, of the wall clock and of the processors' time.
package contracts
