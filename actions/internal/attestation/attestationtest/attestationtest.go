// Package attestationtest signs statements as GitHub's attest action does, by an
// authority of its own.
package attestationtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net/url"
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
)

// An Authority is a certificate authority and a timestamping one, both trusted.
type Authority struct {
	root.BaseTrustedMaterial
	issuer, parent *x509.Certificate
	key            *ecdsa.PrivateKey
	stamps         *timestamping
}

// New makes an authority that nobody else knows.
func New(t testing.TB) *Authority {
	t.Helper()
	rootCert, rootKey, err := ca.GenerateRootCa()
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := ca.GenerateFulcioIntermediate(rootCert, rootKey)
	if err != nil {
		t.Fatal(err)
	}
	return &Authority{issuer: cert, parent: rootCert, key: key, stamps: newTimestamping(t, rootCert, rootKey)}
}

// FulcioCertificateAuthorities implements root.TrustedMaterial.
func (a *Authority) FulcioCertificateAuthorities() []root.CertificateAuthority {
	return []root.CertificateAuthority{&root.FulcioCertificateAuthority{
		Root: a.parent, Intermediates: []*x509.Certificate{a.issuer},
		ValidityPeriodStart: time.Now().Add(-time.Hour), ValidityPeriodEnd: time.Now().Add(time.Hour),
	}}
}

// TimestampingAuthorities implements root.TrustedMaterial.
func (a *Authority) TimestampingAuthorities() []root.TimestampingAuthority {
	return []root.TimestampingAuthority{&a.stamps.authority}
}

// A Claim is what is signed, and as whom.
type Claim struct {
	// Subject is the digest of the file, Predicate the kind of the statement.
	Subject, Predicate string
	// Name is what the certificate is issued to; the others are what it says of the
	// run: the workflow, the repository's address, the ref, the commit, the issuer
	// of the identity, the attempt's address.
	Name, Signer, Repository, Ref, Commit, Issuer, Run string
	// Unstamped leaves out the timestamp.
	Unstamped bool
}

// Provenance is what GitHub's attest action states of a file that a workflow of
// the repository, owner/name, built for a ref, in the first attempt of run 1.
func Provenance(digest, repository, workflow, ref, commit string) Claim {
	home := "https://github.com/" + repository
	signer := home + "/.github/workflows/" + workflow + "@" + ref
	return Claim{
		Subject: digest, Predicate: "https://slsa.dev/provenance/v1", Name: signer, Signer: signer,
		Repository: home, Ref: ref, Commit: commit, Issuer: attestation.Issuer,
		Run: home + "/actions/runs/1/attempts/1",
	}
}

// Sign is a Sigstore bundle of the claim, as GitHub's attest action makes it.
func (a *Authority) Sign(t testing.TB, c Claim) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	name, err := url.Parse(c.Name)
	if err != nil {
		t.Fatal(err)
	}
	// Fulcio's extensions, from https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
	var extensions []pkix.Extension
	for id, value := range map[int]string{8: c.Issuer, 9: c.Signer, 12: c.Repository, 13: c.Commit, 14: c.Ref, 18: c.Signer, 21: c.Run} {
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
		strings.TrimPrefix(c.Subject, "sha256:"), c.Predicate)
	const kind = "application/vnd.in-toto+json"
	sum := sha256.Sum256(fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(payload), payload))
	signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	material := &protobundle.VerificationMaterial{
		Content: &protobundle.VerificationMaterial_Certificate{Certificate: &protocommon.X509Certificate{RawBytes: leaf}},
	}
	if !c.Unstamped {
		stamp := &protocommon.RFC3161SignedTimestamp{SignedTimestamp: a.stamps.stamp(t, signature)}
		material.TimestampVerificationData = &protobundle.TimestampVerificationData{Rfc3161Timestamps: []*protocommon.RFC3161SignedTimestamp{stamp}}
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

// Roots are the authority's, as `gh attestation trusted-root` prints them.
func (a *Authority) Roots(t testing.TB) []byte {
	t.Helper()
	trusted, err := root.NewTrustedRoot(root.TrustedRootMediaType01, a.FulcioCertificateAuthorities(), nil, a.TimestampingAuthorities(), nil)
	if err != nil {
		t.Fatal(err)
	}
	line, err := trusted.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return append(line, '\n')
}
