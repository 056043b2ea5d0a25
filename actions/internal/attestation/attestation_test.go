package attestation_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/linecook-ml/linecook/actions/internal/attestation"
	"github.com/linecook-ml/linecook/pipeline/promotion"
)

const (
	home   = "https://github.com/octo/flights"
	signer = home + "/.github/workflows/train.yml@refs/tags/flight-delay@v1.1.0"
	tag    = "refs/tags/flight-delay@v1.1.0"
	commit = "0123456789abcdef0123456789abcdef01234567"
)

var digest = "sha256:" + strings.Repeat("1", 64)

// An authority is a certificate authority and a timestamping one, both trusted.
type authority struct {
	root.BaseTrustedMaterial
	issuer, parent *x509.Certificate
	key            *ecdsa.PrivateKey
	stamps         *ca.VirtualSigstore
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	rootCert, rootKey, err := ca.GenerateRootCa()
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := ca.GenerateFulcioIntermediate(rootCert, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	stamps, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	return &authority{issuer: cert, parent: rootCert, key: key, stamps: stamps}
}

func (a *authority) FulcioCertificateAuthorities() []root.CertificateAuthority {
	return []root.CertificateAuthority{&root.FulcioCertificateAuthority{
		Root: a.parent, Intermediates: []*x509.Certificate{a.issuer},
		ValidityPeriodStart: time.Now().Add(-time.Hour), ValidityPeriodEnd: time.Now().Add(time.Hour),
	}}
}

func (a *authority) TimestampingAuthorities() []root.TimestampingAuthority {
	return a.stamps.TimestampingAuthorities()
}

// A claim is what is signed, and as whom.
type claim struct {
	subject, predicate                            string
	signer, repository, ref, commit, issuer, name string
	unstamped                                     bool
}

func good() claim {
	return claim{
		subject: digest, predicate: "https://slsa.dev/provenance/v1", signer: signer, name: signer,
		repository: home, ref: tag, commit: commit, issuer: attestation.Issuer,
	}
}

// sign is a Sigstore bundle of the claim, as GitHub's attest action makes it.
func (a *authority) sign(t *testing.T, c claim) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	name, err := url.Parse(c.name)
	if err != nil {
		t.Fatal(err)
	}
	// Fulcio's extensions, from https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
	var extensions []pkix.Extension
	for id, value := range map[int]string{8: c.issuer, 9: c.signer, 12: c.repository, 13: c.commit, 14: c.ref, 18: c.signer} {
		text, err := asn1.MarshalWithParams(value, "utf8")
		if err != nil {
			t.Fatal(err)
		}
		extensions = append(extensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, id}, Value: text})
	}
	leaf, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), URIs: []*url.URL{name}, ExtraExtensions: extensions,
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(10 * time.Minute),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}, a.issuer, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	payload := fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"flight-delay-1.1.0.tar.zst","digest":{"sha256":%q}}],"predicateType":%q,"predicate":{"buildDefinition":{"buildType":"x"}}}`,
		strings.TrimPrefix(c.subject, "sha256:"), c.predicate)
	const kind = "application/vnd.in-toto+json"
	sum := sha256.Sum256(fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(payload), payload))
	signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	material := &protobundle.VerificationMaterial{
		Content: &protobundle.VerificationMaterial_Certificate{Certificate: &protocommon.X509Certificate{RawBytes: leaf}},
	}
	if !c.unstamped {
		stamp, err := a.stamps.TimestampResponse(signature)
		if err != nil {
			t.Fatal(err)
		}
		material.TimestampVerificationData = &protobundle.TimestampVerificationData{Rfc3161Timestamps: []*protocommon.RFC3161SignedTimestamp{{SignedTimestamp: stamp}}}
	}
	text, err := protojson.Marshal(&protobundle.Bundle{
		MediaType: "application/vnd.dev.sigstore.bundle.v0.3+json", VerificationMaterial: material,
		Content: &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
			Payload: payload, PayloadType: kind, Signatures: []*protodsse.Signature{{Sig: signature}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (a *authority) verifier(t *testing.T) *attestation.Verifier {
	t.Helper()
	v, err := attestation.New(a, attestation.Options{Server: "https://github.com"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// What is verified is what the certificate says, in the policy's words.
func TestAStatementThatHolds(t *testing.T) {
	a := newAuthority(t)
	got, err := a.verifier(t).Verify(a.sign(t, good()), digest)
	if err != nil {
		t.Fatal(err)
	}
	want := promotion.Provenance{Repository: "octo/flights", Ref: tag, Commit: commit, Builder: "octo/flights/.github/workflows/train.yml", Digest: digest}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	// A workflow of another repository that this one called is the builder.
	c := good()
	c.name, c.signer = "https://github.com/linecook-ml/linecook/.github/workflows/train.yml@refs/tags/v1", "https://github.com/linecook-ml/linecook/.github/workflows/train.yml@refs/tags/v1"
	if got, err = a.verifier(t).Verify(a.sign(t, c), digest); err != nil || got.Builder != "linecook-ml/linecook/.github/workflows/train.yml" || got.Repository != "octo/flights" {
		t.Errorf("%+v, %v", got, err)
	}
}

// Whatever proves nothing is an error, and no fact of it is believed.
func TestStatementsThatProveNothing(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	change := func(f func(*claim)) []byte {
		c := good()
		f(&c)
		return a.sign(t, c)
	}
	edited := func(old, with string) []byte {
		text := string(a.sign(t, good()))
		if !strings.Contains(text, old) {
			t.Fatalf("%s is not in %s", old, text)
		}
		return []byte(strings.Replace(text, old, with, 1))
	}
	var fields map[string]any
	if err := json.Unmarshal(a.sign(t, good()), &fields); err != nil {
		t.Fatal(err)
	}
	fields["dsseEnvelope"].(map[string]any)["signatures"] = []any{}
	unsigned, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	for name, statement := range map[string][]byte{
		"nothing":                         nil,
		"no JSON":                         []byte("attested"),
		"an empty object":                 []byte("{}"),
		"signed by nobody":                unsigned,
		"by an authority of its own":      stranger.sign(t, good()),
		"of another file":                 change(func(c *claim) { c.subject = "sha256:" + strings.Repeat("2", 64) }),
		"no provenance":                   change(func(c *claim) { c.predicate = "https://spdx.dev/Document" }),
		"of another issuer":               change(func(c *claim) { c.issuer = "https://accounts.example.com" }),
		"of a person":                     change(func(c *claim) { c.name = "mailto:ada@example.com" }),
		"of another server":               change(func(c *claim) { c.name = "https://github.com.example.com/octo/flights/.github/workflows/train.yml@x" }),
		"seen by nobody":                  change(func(c *claim) { c.unstamped = true }),
		"with a payload that was swapped": edited(`"payload":"ey`, `"payload":"eX`),
	} {
		if got, err := a.verifier(t).Verify(statement, digest); err == nil || got != (promotion.Provenance{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, other := range []string{"", "latest", "sha256:", strings.TrimPrefix(digest, "sha256:"), "sha256:" + strings.Repeat("3", 64)} {
		if _, err := a.verifier(t).Verify(a.sign(t, good()), other); err == nil {
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
	a := newAuthority(t)
	trusted, err := root.NewTrustedRoot(root.TrustedRootMediaType01, a.FulcioCertificateAuthorities(), nil, a.TimestampingAuthorities(), nil)
	if err != nil {
		t.Fatal(err)
	}
	line, err := trusted.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "roots.jsonl")
	if err := os.WriteFile(path, append(append(line, '\n'), line...), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := attestation.Open(path, attestation.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(a.sign(t, good()), digest); err != nil {
		t.Error(err)
	}
}
