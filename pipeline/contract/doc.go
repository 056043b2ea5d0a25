// Package contract reads data contracts of the Open Data Contract Standard
// v3.1.0, and decides whether data keeps them.
//
//  1. Parse reads a file into a Contract; every key of the standard is known,
//     and every other key is a finding.
//  2. Lint compares what the contract says with what can be checked. A rule that
//     cannot be run is an error: it must never look like one that passed.
//  3. For narrows a contract to one of its schema objects, and Times reads what
//     the standard has no words for: when a row happened and was known.
//  4. Check compiles the contract to SQL. Values are cast strictly, so that a bad
//     value is counted and shown, and never ends the reading. All row rules of a
//     segment, and whether keys repeat, become one aggregate; patterns, sql
//     rules, distributions and service levels are scans of their own, and are
//     made only where a contract has them.
//  5. Rows that broke a rule are looked for in a second scan, for samples with
//     their file and row, in which sensitive values are masked.
//  6. What a failure means is looked for in the data: the column that a missing
//     one has become, what values of another type look like now, when a new
//     member was first seen, which unit a column may have changed to.
//  7. TypedSelect yields the same casts as a table for everything that follows.
//  8. Infer proposes a contract for data that has none.
//  9. Compare classifies the edits between two versions, and Waivers let findings
//     pass for a time.
package contract
