package githubtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// DescriptionVariable names the file with GitHub's OpenAPI description: of the
// npm package @octokit/openapi it is generated/api.github.com.json.
const DescriptionVariable = "LINECOOK_GITHUB_OPENAPI"

// A checker holds exchanges against the description; without one it does not.
type checker struct {
	t   testing.TB
	doc *openapi3.T
}

func newChecker(t testing.TB) *checker {
	t.Helper()
	file := os.Getenv(DescriptionVariable)
	if file == "" {
		t.Logf("%s names no description of GitHub's API: requests and answers are not validated", DescriptionVariable)
		return &checker{t: t}
	}
	doc, err := description()
	if err != nil {
		t.Fatalf("%s: %v", DescriptionVariable, err)
	}
	return &checker{t, doc}
}

// Described says that there is a description that exchanges are held against.
func Described() bool { return os.Getenv(DescriptionVariable) != "" }

// description reads what the routes need of the description: the whole of it
// takes seconds. The document itself is not validated; it breaks rules of its
// own kind.
var description = sync.OnceValues(func() (*openapi3.T, error) {
	data, err := os.ReadFile(os.Getenv(DescriptionVariable))
	if err != nil {
		return nil, err
	}
	pruned, err := prune(data)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(pruned)
	if err != nil {
		return nil, err
	}
	// GitHub answers the state starter, and its own description does not know it.
	if asset := doc.Components.Schemas["release-asset"]; asset != nil {
		asset.Value.Properties["state"].Value.Enum = nil
	}
	return doc, nil
})

var reference = regexp.MustCompile(`"\$ref":\s*"#/components/([^/"]+)/([^"]+)"`)

// prune keeps the declared paths and whatever they refer to.
func prune(data []byte) ([]byte, error) {
	var whole struct {
		OpenAPI    string                                `json:"openapi"`
		Info       json.RawMessage                       `json:"info"`
		Paths      map[string]json.RawMessage            `json:"paths"`
		Components map[string]map[string]json.RawMessage `json:"components"`
	}
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, err
	}
	paths, components := map[string]json.RawMessage{}, map[string]map[string]json.RawMessage{}
	var follow func(json.RawMessage) error
	follow = func(part json.RawMessage) error {
		for _, match := range reference.FindAllSubmatch(part, -1) {
			kind, name := string(match[1]), string(match[2])
			if _, seen := components[kind][name]; seen {
				continue
			}
			referred, found := whole.Components[kind][name]
			if !found {
				return fmt.Errorf("it refers to %s/%s, which it does not hold", kind, name)
			}
			if components[kind] == nil {
				components[kind] = map[string]json.RawMessage{}
			}
			components[kind][name] = referred
			if err := follow(referred); err != nil {
				return err
			}
		}
		return nil
	}
	for _, route := range routes {
		path, found := whole.Paths[route.template]
		if !found {
			return nil, fmt.Errorf("GitHub has no %s", route.template)
		}
		paths[route.template] = path
		if err := follow(path); err != nil {
			return nil, err
		}
	}
	return json.Marshal(map[string]any{"openapi": whole.OpenAPI, "info": whole.Info, "paths": paths, "components": components})
}

// input is an exchange in the validator's terms.
func (c *checker) input(route route, x *exchange) *openapi3filter.RequestValidationInput {
	item := c.doc.Paths.Value(route.template)
	operation := item.GetOperation(route.method)
	if operation == nil {
		c.t.Errorf("GitHub has no %s %s", route.method, route.template)
		return nil
	}
	request := x.r.Clone(x.r.Context())
	request.Body = io.NopCloser(bytes.NewReader(x.body))
	parameters := map[string]string{}
	for name, value := range x.path {
		parameters[name] = url.PathEscape(value)
	}
	options := &openapi3filter.Options{
		IncludeResponseStatus: true, MultiError: true, SkipSettingDefaults: true, RejectWhenRequestBodyNotSpecified: true,
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		// An asset's content is whatever it is.
		ExcludeRequestBody: route.host == uploadHost,
	}
	// The whole schema, which it would add, buries what is wrong.
	options.WithCustomSchemaErrorFunc(func(err *openapi3.SchemaError) string {
		return fmt.Sprintf("%s: %s", strings.Join(err.JSONPointer(), "/"), err.Reason)
	})
	return &openapi3filter.RequestValidationInput{
		Request: request, PathParams: parameters, Options: options,
		Route: &routers.Route{Spec: c.doc, Path: route.template, PathItem: item, Method: route.method, Operation: operation},
	}
}

func (c *checker) request(route route, x *exchange) {
	if c.doc == nil {
		return
	}
	if len(x.body) > 0 && route.host == apiHost {
		c.unknown(route, "request", x.body, c.bodySchema(route))
	}
	input := c.input(route, x)
	if input == nil {
		return
	}
	if err := openapi3filter.ValidateRequest(x.r.Context(), input); err != nil {
		c.t.Errorf("GitHub would refuse %s %s: %v", x.r.Method, x.r.URL, err)
	}
}

// general are answers that every request may get, whether or not its
// description has them.
var general = map[int]bool{http.StatusUnauthorized: true, http.StatusForbidden: true, http.StatusNotFound: true, http.StatusUnprocessableEntity: true, http.StatusBadRequest: true}

func (c *checker) answer(route route, x *exchange, a answer) {
	if c.doc == nil {
		return
	}
	input := c.input(route, x)
	if input == nil {
		return
	}
	declared := input.Route.Operation.Responses.Status(a.status)
	if declared == nil && general[a.status] {
		return
	}
	response := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: a.status, Header: http.Header{}, Options: input.Options}
	content, kind := encode(a)
	if a.status != http.StatusNoContent && a.status != http.StatusFound {
		response.Header.Set("Content-Type", kind)
		response.SetBodyBytes(content)
		if declared != nil {
			if media := declared.Value.Content.Get("application/json"); media != nil && media.Schema != nil && a.status < 300 {
				c.unknown(route, "answer", content, media.Schema.Value)
			}
		}
	}
	if err := openapi3filter.ValidateResponse(x.r.Context(), response); err != nil {
		c.t.Errorf("GitHub would not answer %s %s with %d: %v: %s", x.r.Method, x.r.URL, a.status, err, content)
	}
}

func (c *checker) bodySchema(route route) *openapi3.Schema {
	operation := c.doc.Paths.Value(route.template).GetOperation(route.method)
	if operation == nil || operation.RequestBody == nil {
		return nil
	}
	media := operation.RequestBody.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil {
		return nil
	}
	return media.Schema.Value
}

// unknown finds fields that the description does not name, which a schema alone
// would let pass: something invented on either side.
func (c *checker) unknown(route route, side string, content []byte, schema *openapi3.Schema) {
	if schema == nil {
		return
	}
	var value any
	if json.Unmarshal(content, &value) != nil {
		return
	}
	if list, ok := value.([]any); ok {
		if len(list) == 0 || schema.Items == nil {
			return
		}
		value, schema = list[0], schema.Items.Value
	}
	fields, ok := value.(map[string]any)
	if !ok || len(schema.Properties) == 0 || len(schema.OneOf)+len(schema.AnyOf)+len(schema.AllOf) > 0 {
		return
	}
	var invented []string
	for name := range fields {
		if schema.Properties[name] == nil {
			invented = append(invented, name)
		}
	}
	if len(invented) > 0 {
		c.t.Errorf("the %s of %s %s has what GitHub does not know: %s", side, route.method, route.template, strings.Join(invented, ", "))
	}
}
