// Package document reads one strict YAML document into a Go struct and
// remembers where every value stands, so that each finding, now or later, names
// file, line and column.
//
//  1. The bytes are checked: UTF-8, no control characters, a bounded size.
//  2. They become tokens, in which anchors, aliases, tags, merge keys and deep
//     nesting are refused before anything is built from them.
//  3. The tokens become a tree of plain values with positions.
//  4. The tree is compared with the Go type, key by key, and stored in it.
//  5. The same Go type yields the JSON Schema that editors use.
package document
