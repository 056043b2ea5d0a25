// Package contract reads data contracts of the Open Data Contract Standard
// v3.1.0, and decides whether data keeps them.
//
//  1. Parse reads a file into a Contract; every key of the standard is known,
//     and every other key is a finding.
//  2. Lint compares what the contract says with what can be checked. A rule that
//     cannot be run is an error: it must never look like one that passed.
//  3. Check compiles the contract to SQL. All row rules of a segment become one
//     aggregate; rules about groups of rows, patterns and samples are scans of
//     their own, made only where they are needed.
//  4. Values are cast strictly under the contract, so that a bad value is
//     counted and shown, and never ends the reading.
//  5. A missing column is compared by name and by content with the unexpected
//     ones, so that the finding says what happened.
//  6. TypedSelect yields the same casts as a table for everything that follows.
//  7. Infer proposes a contract for data that has none.
package contract
