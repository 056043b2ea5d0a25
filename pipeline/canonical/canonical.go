// Package canonical reads and writes the one JSON text of a value, so that a
// digest of the text is a digest of the value.
//
//  1. Marshal encodes a Go value as JSON, or Transform takes JSON that exists.
//  2. The text is parsed strictly: what two readers could understand in two
//     ways (a key twice, a lone surrogate, an integer that a float cannot hold)
//     is refused.
//  3. It is written in the form of RFC 8785, the JSON Canonicalization Scheme:
//     no white space, keys in the order of their UTF-16 code units, numbers as
//     ECMAScript prints them, the fewest escapes.
//  4. Digest names the bytes by their SHA-256.
//  5. Unmarshal is the way back; it takes nothing that the Go type does not
//     name exactly.
package canonical

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
)

// Marshal returns the canonical JSON of v, as encoding/json sees v.
//
// It fails for what JSON or RFC 8785 cannot carry: NaN and infinities, invalid
// UTF-8 in a string, and integers whose digits a float64 would change.
func Marshal(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	// encoding/json hides invalid UTF-8 behind the escape \ufffd, and writes a
	// U+FFFD that was really there as itself: the escape gives the hidden away.
	return transform(data, true)
}

// Transform returns the canonical form of a JSON text. It is idempotent.
func Transform(data []byte) ([]byte, error) {
	return transform(data, false)
}

func transform(data []byte, refuseReplacement bool) ([]byte, error) {
	p := parser{in: data, refuseReplacement: refuseReplacement}
	out, err := p.document(make([]byte, 0, len(data)))
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	return out, nil
}

// Digest returns DigestBytes of the canonical JSON of v.
func Digest(v any) (string, error) {
	data, err := Marshal(v)
	if err != nil {
		return "", err
	}
	return DigestBytes(data), nil
}

// DigestBytes returns "sha256:" and the SHA-256 of data in lower-case hex.
func DigestBytes(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// IsDigest reports whether s has the form that DigestBytes writes.
func IsDigest(s string) bool {
	return digestForm.MatchString(s)
}

// Check fails unless data is JSON in canonical form already.
func Check(data []byte) error {
	want, err := Transform(data)
	if err != nil {
		return err
	}
	if !bytes.Equal(data, want) {
		return fmt.Errorf("canonical JSON: the text is JSON, but not in canonical form (RFC 8785): write it with linecook, do not edit it")
	}
	return nil
}
