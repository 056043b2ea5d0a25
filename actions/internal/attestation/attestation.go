// Package attestation verifies signed statements of where a bundle comes from:
// in-toto provenance in a Sigstore bundle, as GitHub's attest action makes it.
//
//  1. Open reads the roots that are trusted: certificate authorities, logs and
//     timestamps. Nothing is fetched.
//  2. Verify checks the signature, that its certificate was issued for a workflow
//     of GitHub Actions, that a log or a timestamp saw it while the certificate
//     was valid, and that the statement is SLSA provenance of the very file.
//  3. What the certificate says of the workflow is the answer. The statement's
//     own words are not: whoever signs may write them.
package attestation

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/linecook-ml/linecook/pipeline/promotion"
)

const (
	// Issuer is who vouches for the workflows of github.com.
	Issuer = "https://token.actions.githubusercontent.com"
	// predicateType is SLSA's provenance, which actions/attest states.
	predicateType = "https://slsa.dev/provenance/v1"
)

// Options of a Verifier.
type Options struct {
	// Server is where repositories are, as https://github.com.
	Server string
	// Issuer of the certificates; empty is Issuer.
	Issuer string
}

// A Verifier checks statements against trusted roots.
type Verifier struct {
	verifier *verify.Verifier
	identity verify.CertificateIdentity
	server   string
}

// Open reads trusted roots from a file: trusted_root.json of Sigstore, or each
// line of what `gh attestation trusted-root` prints.
func Open(path string, o Options) (*Verifier, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the trusted roots: %w", err)
	}
	return Parse(path, text, o)
}

// Parse reads them from a text, which errors call where.
func Parse(where string, text []byte, o Options) (*Verifier, error) {
	var roots root.TrustedMaterialCollection
	for i, line := range documents(text) {
		trusted, err := root.NewTrustedRootFromJSON([]byte(line))
		if err != nil {
			return nil, fmt.Errorf("%s: trusted root %d: %w", where, i+1, err)
		}
		roots = append(roots, trusted)
	}
	if len(roots) == 0 {
		return nil, fmt.Errorf("%s holds no trusted root", where)
	}
	return New(roots, o)
}

// documents are the lines of a file that has one root on each, or the whole.
func documents(text []byte) []string {
	var lines []string
	for _, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if !strings.HasPrefix(line, "{") || !strings.HasSuffix(line, "}") || line == "{" {
			return []string{string(text)}
		}
		lines = append(lines, line)
	}
	return lines
}

// New returns a verifier that trusts the roots.
func New(roots root.TrustedMaterial, o Options) (*Verifier, error) {
	if o.Issuer == "" {
		o.Issuer = Issuer
	}
	server := strings.TrimSuffix(o.Server, "/")
	if server == "" {
		server = "https://github.com"
	}
	// A certificate holds while somebody else saw the signature: a transparency
	// log, as Sigstore's public instance has, or a timestamp, as GitHub's own has.
	verifier, err := verify.NewVerifier(roots, verify.WithObserverTimestamps(1))
	if err != nil {
		return nil, fmt.Errorf("verify attestations: %w", err)
	}
	identity, err := verify.NewShortCertificateIdentity(o.Issuer, "", "", "^"+strings.ReplaceAll(server, ".", `\.`)+`/[^/]+/[^/]+/\.github/workflows/.+@.+$`)
	if err != nil {
		return nil, fmt.Errorf("verify attestations: %w", err)
	}
	return &Verifier{verifier: verifier, identity: identity, server: server}, nil
}

// Verify is a witness.Verifier. An error says why the statement proves nothing.
func (v *Verifier) Verify(statement []byte, digest string) (promotion.Provenance, error) {
	sum, err := hex.DecodeString(strings.TrimPrefix(digest, "sha256:"))
	if err != nil || !strings.HasPrefix(digest, "sha256:") {
		return promotion.Provenance{}, fmt.Errorf("%q is no digest", digest)
	}
	var signed bundle.Bundle
	if err := signed.UnmarshalJSON(statement); err != nil {
		return promotion.Provenance{}, fmt.Errorf("it is no Sigstore bundle: %w", err)
	}
	result, err := v.verifier.Verify(&signed, verify.NewPolicy(verify.WithArtifactDigest("sha256", sum), verify.WithCertificateIdentity(v.identity)))
	if err != nil {
		return promotion.Provenance{}, err
	}
	if result.Statement == nil || result.Statement.GetPredicateType() != predicateType {
		return promotion.Provenance{}, fmt.Errorf("it states %q and not provenance", result.Statement.GetPredicateType())
	}
	certificate := result.Signature.Certificate
	builder, _, _ := strings.Cut(strings.TrimPrefix(certificate.BuildSignerURI, v.server+"/"), "@")
	return promotion.Provenance{
		Repository: strings.TrimPrefix(certificate.SourceRepositoryURI, v.server+"/"),
		Ref:        certificate.SourceRepositoryRef,
		Commit:     certificate.SourceRepositoryDigest,
		Builder:    builder,
		Digest:     digest,
		Run:        certificate.RunInvocationURI,
	}, nil
}
