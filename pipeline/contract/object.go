package contract

// An Element is what objects and properties have in common.
type Element struct {
	ID                       StableID                  `yaml:"id"`
	PhysicalName             string                    `yaml:"physicalName" description:"Name in the data, where it differs from name."`
	PhysicalType             string                    `yaml:"physicalType"`
	Description              string                    `yaml:"description"`
	BusinessName             string                    `yaml:"businessName"`
	AuthoritativeDefinitions []AuthoritativeDefinition `yaml:"authoritativeDefinitions"`
	Tags                     []string                  `yaml:"tags"`
	CustomProperties         []CustomProperty          `yaml:"customProperties"`
}

// An Object is one table.
type Object struct {
	Name string `yaml:"name" required:"true"`
	Element
	LogicalType                string               `yaml:"logicalType" enum:"object"`
	DataGranularityDescription string               `yaml:"dataGranularityDescription"`
	Relationships              []ObjectRelationship `yaml:"relationships"`
	Quality                    []Rule               `yaml:"quality" description:"Rules that the table must keep."`
	Properties                 []Property           `yaml:"properties" description:"The columns."`
}

// The logical types of the standard.
const (
	TypeString    = "string"
	TypeDate      = "date"
	TypeTimestamp = "timestamp"
	TypeTime      = "time"
	TypeNumber    = "number"
	TypeInteger   = "integer"
	TypeObject    = "object"
	TypeArray     = "array"
	TypeBoolean   = "boolean"
)

// A Property is one column, or one part of a nested value.
type Property struct {
	Name string `yaml:"name" required:"true"`
	BaseProperty
	Properties []Property `yaml:"properties"`
	Items      *Item      `yaml:"items"`
}

// An Item describes the elements of an array.
type Item struct {
	Name string `yaml:"name"`
	BaseProperty
	Properties []Property `yaml:"properties"`
	Items      *Item      `yaml:"items"`
}

// A BaseProperty is what properties and items have in common.
type BaseProperty struct {
	LogicalType        string       `yaml:"logicalType" enum:"string,date,timestamp,time,number,integer,object,array,boolean"`
	LogicalTypeOptions *TypeOptions `yaml:"logicalTypeOptions"`
	Required           *bool        `yaml:"required" description:"True where every row must have a value."`
	Unique             *bool        `yaml:"unique"`
	PrimaryKey         *bool        `yaml:"primaryKey"`
	PrimaryKeyPosition *int         `yaml:"primaryKeyPosition" description:"Place in a composite key, from 1; -1 where it is no key."`
	Element
	Partitioned            *bool                  `yaml:"partitioned"`
	PartitionKeyPosition   *int                   `yaml:"partitionKeyPosition"`
	Classification         string                 `yaml:"classification"`
	EncryptedName          string                 `yaml:"encryptedName"`
	TransformSourceObjects []string               `yaml:"transformSourceObjects"`
	TransformLogic         string                 `yaml:"transformLogic"`
	TransformDescription   string                 `yaml:"transformDescription"`
	Examples               []any                  `yaml:"examples"`
	CriticalDataElement    *bool                  `yaml:"criticalDataElement"`
	Relationships          []PropertyRelationship `yaml:"relationships"`
	Quality                []Rule                 `yaml:"quality" description:"Rules that the values must keep."`
}

// TypeOptions narrow a logical type. Which of them a type has is held by lint.
type TypeOptions struct {
	MinLength        *int     `yaml:"minLength"`
	MaxLength        *int     `yaml:"maxLength"`
	Pattern          *string  `yaml:"pattern" description:"ECMA-262 regular expression; matches anywhere unless anchored with ^ and $."`
	Format           string   `yaml:"format"`
	Minimum          Text     `yaml:"minimum"`
	Maximum          Text     `yaml:"maximum"`
	ExclusiveMinimum Text     `yaml:"exclusiveMinimum"`
	ExclusiveMaximum Text     `yaml:"exclusiveMaximum"`
	MultipleOf       Text     `yaml:"multipleOf"`
	Timezone         *bool    `yaml:"timezone"`
	DefaultTimezone  string   `yaml:"defaultTimezone"`
	MinProperties    *int     `yaml:"minProperties"`
	MaxProperties    *int     `yaml:"maxProperties"`
	Required         []string `yaml:"required"`
	MinItems         *int     `yaml:"minItems"`
	MaxItems         *int     `yaml:"maxItems"`
	UniqueItems      *bool    `yaml:"uniqueItems"`
}

// A Rule is one quality rule of an object or a property.
type Rule struct {
	ID                       StableID                  `yaml:"id"`
	Name                     string                    `yaml:"name"`
	Description              string                    `yaml:"description"`
	Type                     string                    `yaml:"type" enum:"text,library,sql,custom"`
	Metric                   string                    `yaml:"metric" enum:"nullValues,missingValues,invalidValues,duplicateValues,rowCount"`
	DeprecatedRule           string                    `yaml:"rule"`
	Arguments                *Arguments                `yaml:"arguments"`
	MustBe                   Text                      `yaml:"mustBe"`
	MustNotBe                Text                      `yaml:"mustNotBe"`
	MustBeGreaterThan        *float64                  `yaml:"mustBeGreaterThan"`
	MustBeGreaterOrEqualTo   *float64                  `yaml:"mustBeGreaterOrEqualTo"`
	MustBeLessThan           *float64                  `yaml:"mustBeLessThan"`
	MustBeLessOrEqualTo      *float64                  `yaml:"mustBeLessOrEqualTo"`
	MustBeBetween            []float64                 `yaml:"mustBeBetween" description:"Both ends belong to the range."`
	MustNotBeBetween         []float64                 `yaml:"mustNotBeBetween" description:"Both ends belong to the range."`
	Unit                     string                    `yaml:"unit"`
	Query                    string                    `yaml:"query"`
	Engine                   string                    `yaml:"engine"`
	Implementation           any                       `yaml:"implementation"`
	Dimension                string                    `yaml:"dimension" enum:"accuracy,completeness,conformity,consistency,coverage,timeliness,uniqueness"`
	Method                   string                    `yaml:"method"`
	Severity                 string                    `yaml:"severity"`
	BusinessImpact           string                    `yaml:"businessImpact"`
	Schedule                 string                    `yaml:"schedule"`
	Scheduler                string                    `yaml:"scheduler"`
	Tags                     []string                  `yaml:"tags"`
	CustomProperties         []CustomProperty          `yaml:"customProperties"`
	AuthoritativeDefinitions []AuthoritativeDefinition `yaml:"authoritativeDefinitions"`
}

// Arguments parameterise a metric. The standard leaves them open; linecook does
// not, because a misspelt argument is a rule that checks nothing.
type Arguments struct {
	MissingValues []Text   `yaml:"missingValues"`
	ValidValues   []Text   `yaml:"validValues"`
	Pattern       *string  `yaml:"pattern"`
	Properties    []string `yaml:"properties"`
}

// Column is the name in the data.
func (p *Property) Column() string {
	if p.PhysicalName != "" {
		return p.PhysicalName
	}
	return p.Name
}

func (p *BaseProperty) isRequired() bool { return p.Required != nil && *p.Required }
func (p *BaseProperty) isUnique() bool   { return p.Unique != nil && *p.Unique }
func (p *BaseProperty) isKey() bool      { return p.PrimaryKey != nil && *p.PrimaryKey }

func (p *BaseProperty) options() TypeOptions {
	if p.LogicalTypeOptions == nil {
		return TypeOptions{}
	}
	return *p.LogicalTypeOptions
}

// given says whether a free value stands in the file.
func given(v Text) bool { return v.Kind != "" }
