package reporttest

import (
	_ "embed"
	"encoding/json"
	"slices"
)

// blns is the Big List of Naughty Strings of Max Woolf, as the crate
// naughty-strings 0.2.4 has it; its licence (MIT) stands beside it.
//
//go:embed blns/blns.json
var blns []byte

// Listed is the Big List of Naughty Strings: 515 texts, four of them twice.
func Listed() []string {
	var listed []string
	if err := json.Unmarshal(blns, &listed); err != nil {
		panic(err)
	}
	return listed
}

// Naughty are the texts of Hostile and of the Big List of Naughty Strings, each
// once.
func Naughty() []string {
	texts := append(Hostile(), Listed()...)
	seen := map[string]bool{}
	return slices.DeleteFunc(texts, func(text string) bool {
		was := seen[text]
		seen[text] = true
		return was
	})
}
