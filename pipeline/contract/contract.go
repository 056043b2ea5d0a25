package contract

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/document"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// Kind is the only kind of document that the standard defines.
const Kind = "DataContract"

// A Contract is one document of the Open Data Contract Standard.
type Contract struct {
	APIVersion  string `yaml:"apiVersion" required:"true" enum:"v3.1.0,v3.0.2,v3.0.1,v3.0.0,v2.2.2,v2.2.1,v2.2.0" description:"Version of the standard."`
	Kind        string `yaml:"kind" required:"true" enum:"DataContract"`
	ID          string `yaml:"id" required:"true" description:"Identifies this contract, whatever its version."`
	Name        string `yaml:"name"`
	Version     string `yaml:"version" required:"true" description:"Version of this contract: MAJOR.MINOR.PATCH."`
	Status      string `yaml:"status" required:"true" description:"proposed, draft, active, deprecated or retired."`
	Tenant      string `yaml:"tenant"`
	Domain      string `yaml:"domain"`
	DataProduct string `yaml:"dataProduct"`

	Description *Description `yaml:"description"`
	Tags        []string     `yaml:"tags"`
	Servers     []Server     `yaml:"servers"`
	Schema      []Object     `yaml:"schema"`
	Support     []Support    `yaml:"support"`
	Price       *Price       `yaml:"price"`
	Team        *TeamOrList  `yaml:"team"`
	Roles       []Role       `yaml:"roles"`

	SLADefaultElement string        `yaml:"slaDefaultElement"`
	SLAProperties     []SLAProperty `yaml:"slaProperties"`

	AuthoritativeDefinitions []AuthoritativeDefinition `yaml:"authoritativeDefinitions"`
	CustomProperties         []CustomProperty          `yaml:"customProperties"`
	ContractCreatedTs        string                    `yaml:"contractCreatedTs"`

	file string
	text []byte
	doc  *document.Document
	// chosen is the index of the schema object that is meant.
	chosen int
	// comments are texts for Render to put above the value at a path.
	comments map[string]string
}

// File is the name under which the contract was parsed.
func (c *Contract) File() string { return c.file }

// Text is the document that was parsed.
func (c *Contract) Text() []byte { return c.text }

// Position is the place in the contract's file of the value at path.
func (c *Contract) Position(path ...any) report.Position {
	if c.doc == nil {
		return report.Position{File: c.file}
	}
	return c.doc.Position(path...)
}

// For is the contract as one of its schema objects sees it: the one called
// name, or the only one where name is empty. A contract that was not asked For
// an object means its first.
func (c *Contract) For(name string) (*Contract, error) {
	names := make([]string, len(c.Schema))
	for i := range c.Schema {
		names[i] = c.Schema[i].Name
		if names[i] == name || (name == "" && len(c.Schema) == 1) {
			narrowed := *c
			narrowed.chosen = i
			return &narrowed, nil
		}
	}
	if name == "" {
		return nil, fmt.Errorf("contract %s describes %d schema objects; say which one is meant: %s", c.file, len(names), strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("contract %s has no schema object %q; it has: %s", c.file, name, strings.Join(names, ", "))
}

// Title names the contract, its version and its file: what is in force, and
// where it came from.
func (c *Contract) Title() string {
	return fmt.Sprintf("contract %s %s (%s)", c.ID, c.Version, c.file)
}

// object is the schema object that is meant: lint refuses contracts without one.
func (c *Contract) object() *Object { return &c.Schema[c.chosen] }

// at is a path below the schema object that is meant.
func (c *Contract) at(steps ...any) []any { return append([]any{"schema", c.chosen}, steps...) }

// place is the position of a path below the schema object that is meant.
func (c *Contract) place(steps ...any) report.Position { return c.Position(c.at(steps...)...) }

// propertyPosition is where the i-th property says its name.
func (c *Contract) propertyPosition(i int) report.Position {
	return c.place("properties", i, "name")
}

// A StableID identifies an element inside its list, whatever happens to the
// element's name.
type StableID string

var stableID = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// UnmarshalText refuses what the standard does not allow in an id.
func (id *StableID) UnmarshalText(text []byte) error {
	if !stableID.Match(text) {
		return fmt.Errorf("the id %q may only have letters, digits, _ and -", text)
	}
	*id = StableID(text)
	return nil
}

// JSONSchemaPattern is the pattern of the standard.
func (*StableID) JSONSchemaPattern() string { return stableID.String() }

// Description says what the data is for.
type Description struct {
	Purpose                  string                    `yaml:"purpose"`
	Limitations              string                    `yaml:"limitations"`
	Usage                    string                    `yaml:"usage"`
	AuthoritativeDefinitions []AuthoritativeDefinition `yaml:"authoritativeDefinitions"`
	CustomProperties         []CustomProperty          `yaml:"customProperties"`
}

// An AuthoritativeDefinition links to a text elsewhere.
type AuthoritativeDefinition struct {
	ID          StableID `yaml:"id"`
	URL         string   `yaml:"url" required:"true"`
	Type        string   `yaml:"type" required:"true"`
	Description string   `yaml:"description"`
}

// A CustomProperty is the standard's only point of extension.
type CustomProperty struct {
	ID          StableID `yaml:"id"`
	Property    string   `yaml:"property" required:"true"`
	Value       any      `yaml:"value" required:"true"`
	Description string   `yaml:"description"`
}

// Text is a value that the standard leaves free among texts, numbers, booleans
// and nothing.
type Text = document.Scalar
