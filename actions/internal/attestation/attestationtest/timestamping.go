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
	"math/big"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
)

// A timestamping authority says when a signature was there. That of sigstore-go's
// tests has a certificate for the next five minutes, in which a slow run of tests
// does not end.
type timestamping struct {
	authority root.SigstoreTimestampingAuthority
	key       *ecdsa.PrivateKey
}

func newTimestamping(t testing.TB, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) *timestamping {
	t.Helper()
	issuer, issuerKey, err := ca.GenerateTSAIntermediate(parent, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// RFC 3161 wants this one purpose, and wants it critical.
	purpose, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: issuer.NotBefore, NotAfter: issuer.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: purpose}},
	}, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &timestamping{key: key, authority: root.SigstoreTimestampingAuthority{
		Root: parent, Intermediates: []*x509.Certificate{issuer}, Leaf: leaf,
		ValidityPeriodStart: issuer.NotBefore, ValidityPeriodEnd: issuer.NotAfter, URI: "https://timestamps.example",
	}}
}

// stamp is the answer to a request for a timestamp of a signature.
func (a *timestamping) stamp(t testing.TB, signature []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(signature)
	answer := timestamp.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: time.Now(),
		Policy: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2}, // as Sigstore's
	}
	stamped, err := answer.CreateResponseWithOpts(a.authority.Leaf, a.key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return stamped
}
