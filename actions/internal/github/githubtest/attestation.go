package githubtest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
)

// An attestation is a signed statement about a digest.
type attestation struct {
	digest        string // sha256:…
	predicateType string
	bundle        json.RawMessage // as Sigstore has it
}

// AddAttestation adds an attestation of digest (sha256:…), signed as a Sigstore
// bundle says.
func (s *Server) AddAttestation(digest string, bundle []byte) {
	s.locked(func() {
		s.attestations = append(s.attestations, attestation{digest, "https://slsa.dev/provenance/v1", bundle})
	})
}

// RemoveAttestations deletes all.
func (s *Server) RemoveAttestations() { s.locked(func() { s.attestations = nil }) }

// Attest adds an attestation of digest (sha256:…) that holds an in-toto
// statement, with a signature that nobody could verify.
func (s *Server) Attest(digest string, statement []byte) {
	var fields struct {
		PredicateType string `json:"predicateType"`
	}
	if err := json.Unmarshal(statement, &fields); err != nil {
		s.t.Errorf("the statement is no JSON: %v", err)
	}
	bundle := text(map[string]any{
		"mediaType":            "application/vnd.dev.sigstore.bundle.v0.3+json",
		"verificationMaterial": map[string]any{},
		"dsseEnvelope": map[string]any{
			"payload": base64.StdEncoding.EncodeToString(statement), "payloadType": "application/vnd.in-toto+json",
			"signatures": []any{map[string]any{"sig": base64.StdEncoding.EncodeToString([]byte("unsigned"))}},
		},
	})
	s.locked(func() { s.attestations = append(s.attestations, attestation{digest, fields.PredicateType, bundle}) })
}

func (s *Server) listAttestations(x *exchange) answer {
	found := []any{}
	for _, a := range s.attestations {
		if a.digest != x.path["subject_digest"] || x.query.Has("predicate_type") && x.query.Get("predicate_type") != a.predicateType {
			continue
		}
		found = append(found, map[string]any{"repository_id": 1, "bundle_url": "https://attestations.example.com/1", "initiator": "user", "bundle": a.bundle})
	}
	if len(found) == 0 {
		return notFound()
	}
	return answer{status: http.StatusOK, body: map[string]any{"attestations": found}}
}
