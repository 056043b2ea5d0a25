package contract

import "strings"

// sensitiveClassifications are the classifications of properties whose values
// are never shown and which no feature may use without a reason. The standard
// leaves the words open; these are read without regard to capitals.
var sensitiveClassifications = []string{"personal", "personal data", "pii", "sensitive", "confidential", "restricted", "secret"}

// masked stands where a value may not be shown.
const masked = "(masked)"

// isSensitive reports whether values of the property, or of a part of it, are
// personal or otherwise not for every eye.
func (p *Property) isSensitive() bool {
	if contains(sensitiveClassifications, strings.ToLower(strings.TrimSpace(p.Classification))) || p.options().Format == "password" {
		return true
	}
	for _, c := range p.CustomProperties {
		if c.Property == customPII && c.Value == true {
			return true
		}
	}
	for _, s := range p.parts() {
		if s.property.isSensitive() {
			return true
		}
	}
	return false
}

// Sensitive lists the properties that are classified as personal or otherwise
// not for every eye, by name.
func (c *Contract) Sensitive() []string {
	var names []string
	properties := c.object().Properties
	for i := range properties {
		if properties[i].isSensitive() {
			names = append(names, properties[i].Name)
		}
	}
	return names
}
