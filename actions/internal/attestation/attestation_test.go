package attestation_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/linecook-ml/linecook/actions/internal/attestation"
	"github.com/linecook-ml/linecook/actions/internal/attestation/attestationtest"
	"github.com/linecook-ml/linecook/pipeline/promotion"
)

const (
	home   = "https://github.com/octo/flights"
	signer = home + "/.github/workflows/train.yml@refs/tags/flight-delay@v1.1.0"
	tag    = "refs/tags/flight-delay@v1.1.0"
	commit = "0123456789abcdef0123456789abcdef01234567"
)

var digest = "sha256:" + strings.Repeat("1", 64)

func good() attestationtest.Claim {
	return attestationtest.Provenance(digest, "octo/flights", "train.yml", tag, commit)
}

func verifier(t *testing.T, a *attestationtest.Authority) *attestation.Verifier {
	t.Helper()
	v, err := attestation.New(a, attestation.Options{Server: "https://github.com"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// What is verified is what the certificate says, in the policy's words.
func TestAStatementThatHolds(t *testing.T) {
	a := attestationtest.New(t)
	got, err := verifier(t, a).Verify(a.Sign(t, good()), digest)
	if err != nil {
		t.Fatal(err)
	}
	want := promotion.Provenance{Repository: "octo/flights", Ref: tag, Commit: commit, Builder: "octo/flights/.github/workflows/train.yml", Digest: digest, Run: "https://github.com/octo/flights/actions/runs/1/attempts/1"}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	// A workflow of another repository that this one called is the builder.
	c := good()
	c.Name, c.Signer = "https://github.com/linecook-ml/linecook/.github/workflows/train.yml@refs/tags/v1", "https://github.com/linecook-ml/linecook/.github/workflows/train.yml@refs/tags/v1"
	if got, err = verifier(t, a).Verify(a.Sign(t, c), digest); err != nil || got.Builder != "linecook-ml/linecook/.github/workflows/train.yml" || got.Repository != "octo/flights" {
		t.Errorf("%+v, %v", got, err)
	}
}

// Whatever proves nothing is an error, and no fact of it is believed.
func TestStatementsThatProveNothing(t *testing.T) {
	a, stranger := attestationtest.New(t), attestationtest.New(t)
	change := func(f func(*attestationtest.Claim)) []byte {
		c := good()
		f(&c)
		return a.Sign(t, c)
	}
	edited := func(old, with string) []byte {
		text := string(a.Sign(t, good()))
		if !strings.Contains(text, old) {
			t.Fatalf("%s is not in %s", old, text)
		}
		return []byte(strings.Replace(text, old, with, 1))
	}
	var fields map[string]any
	if err := json.Unmarshal(a.Sign(t, good()), &fields); err != nil {
		t.Fatal(err)
	}
	fields["dsseEnvelope"].(map[string]any)["signatures"] = []any{}
	unsigned, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	for name, statement := range map[string][]byte{
		"nothing":                    nil,
		"no JSON":                    []byte("attested"),
		"an empty object":            []byte("{}"),
		"signed by nobody":           unsigned,
		"by an authority of its own": stranger.Sign(t, good()),
		"of another file":            change(func(c *attestationtest.Claim) { c.Subject = "sha256:" + strings.Repeat("2", 64) }),
		"no provenance":              change(func(c *attestationtest.Claim) { c.Predicate = "https://spdx.dev/Document" }),
		"of another issuer":          change(func(c *attestationtest.Claim) { c.Issuer = "https://accounts.example.com" }),
		"of a person":                change(func(c *attestationtest.Claim) { c.Name = "mailto:ada@example.com" }),
		"of another server": change(func(c *attestationtest.Claim) {
			c.Name = "https://github.com.example.com/octo/flights/.github/workflows/train.yml@x"
		}),
		"seen by nobody":                  change(func(c *attestationtest.Claim) { c.Unstamped = true }),
		"with a payload that was swapped": edited(`"payload":"ey`, `"payload":"eX`),
	} {
		if got, err := verifier(t, a).Verify(statement, digest); err == nil || got != (promotion.Provenance{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, other := range []string{"", "latest", "sha256:", strings.TrimPrefix(digest, "sha256:"), "sha256:" + strings.Repeat("3", 64)} {
		if _, err := verifier(t, a).Verify(a.Sign(t, good()), other); err == nil {
			t.Errorf("it is about %q too", other)
		}
	}
}

func TestTrustedRootsAreRead(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"empty.json": "", "none.jsonl": "\n\n", "broken.json": "{", "other.json": `{"mediaType":"application/json"}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := attestation.Open(path, attestation.Options{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := attestation.Open(filepath.Join(dir, "nowhere"), attestation.Options{}); err == nil {
		t.Error("a file that is not there holds roots")
	}
	a := attestationtest.New(t)
	line := a.Roots(t)
	path := filepath.Join(dir, "roots.jsonl")
	if err := os.WriteFile(path, append(line, line...), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := attestation.Open(path, attestation.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(a.Sign(t, good()), digest); err != nil {
		t.Error(err)
	}
}
