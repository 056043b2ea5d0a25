package contract

import (
	"fmt"
	"strings"
)

// The forms of texts. email is the pattern of HTML's <input type=email>, with a
// dot demanded in the domain; hostname is RFC 1123; uri is RFC 3986 with a
// scheme demanded; ipv6 is RFC 4291 without a zone; byte is base64 (RFC 4648).
const (
	emailForm    = "[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+"
	uuidForm     = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
	octetForm    = `(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])`
	ipv4Form     = `(` + octetForm + `\.){3}` + octetForm
	hostnameForm = `[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*`
	uriForm      = `[a-zA-Z][a-zA-Z0-9+.-]*:([a-zA-Z0-9._~:/?#@!$&'()*+,;=\[\]-]|%[0-9a-fA-F]{2})+`
	byteForm     = `([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?`
)

// ipv6Form spells out where "::" may stand for the groups that are left out.
func ipv6Form() string {
	const group = "[0-9a-fA-F]{1,4}"
	forms := []string{
		"(" + group + ":){7}" + group, "(" + group + ":){1,7}:", "::(" + group + ":){0,6}" + group, "::",
		"(" + group + ":){6}" + ipv4Form, "::(" + group + ":){0,5}" + ipv4Form,
	}
	for before := 1; before <= 6; before++ {
		forms = append(forms, fmt.Sprintf("(%s:){1,%d}(:%s){1,%d}", group, before, group, 7-before))
	}
	for before := 1; before <= 4; before++ {
		forms = append(forms, fmt.Sprintf("(%s:){1,%d}:(%s:){0,%d}%s", group, before, group, 5-before, ipv4Form))
	}
	return "(" + strings.Join(forms, "|") + ")"
}

// stringFormats are the standard's formats of texts. A form of "" says that any
// text has the format: a password is masked, and binary is any octets.
var stringFormats = []struct{ format, form string }{
	{"email", emailForm},
	{"uuid", uuidForm},
	{"uri", uriForm},
	{"hostname", hostnameForm},
	{"ipv4", ipv4Form},
	{"ipv6", ipv6Form()},
	{"password", ""},
	{"byte", byteForm},
	{"binary", ""},
}

func stringFormatNames() []string {
	names := make([]string, len(stringFormats))
	for i, f := range stringFormats {
		names[i] = f.format
	}
	return names
}
