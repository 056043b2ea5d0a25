package contract

import (
	"fmt"
	"regexp"
)

// A Server says where the data is. The keys that a type of server needs are
// held by lint; secrets never stand here.
type Server struct {
	ID               StableID         `yaml:"id"`
	Server           string           `yaml:"server" required:"true"`
	Type             string           `yaml:"type" required:"true" enum:"api,athena,azure,bigquery,clickhouse,databricks,denodo,dremio,duckdb,glue,cloudsql,db2,hive,impala,informix,kafka,kinesis,local,mysql,oracle,postgresql,postgres,presto,pubsub,redshift,s3,sftp,snowflake,sqlserver,synapse,trino,vertica,zen,custom"`
	Description      string           `yaml:"description"`
	Environment      string           `yaml:"environment"`
	Roles            []Role           `yaml:"roles"`
	CustomProperties []CustomProperty `yaml:"customProperties"`

	Account     string `yaml:"account"`
	Catalog     string `yaml:"catalog"`
	Database    string `yaml:"database"`
	Dataset     string `yaml:"dataset"`
	Delimiter   string `yaml:"delimiter"`
	EndpointURL string `yaml:"endpointUrl"`
	Format      string `yaml:"format"`
	Host        string `yaml:"host"`
	Location    string `yaml:"location"`
	Path        string `yaml:"path"`
	Port        *int   `yaml:"port"`
	Project     string `yaml:"project"`
	Region      string `yaml:"region"`
	RegionName  string `yaml:"regionName"`
	Schema      string `yaml:"schema"`
	ServiceName string `yaml:"serviceName"`
	StagingDir  string `yaml:"stagingDir"`
	Stream      string `yaml:"stream"`
	Warehouse   string `yaml:"warehouse"`
}

// specificServerKeys are the keys that depend on the type of the server.
var specificServerKeys = []string{"account", "catalog", "database", "dataset", "delimiter", "endpointUrl", "format", "host", "location", "path", "port", "project", "region", "regionName", "schema", "serviceName", "stagingDir", "warehouse", "stream"}

// ReadServers are the types of server whose data can be checked where it is.
var ReadServers = []string{"local", "duckdb", "postgres", "postgresql", "s3"}

// serverKeys lists, for each type of server, its own keys; those in
// required must be there, those in optional may.
var serverKeys = []struct {
	typ                string
	required, optional []string
}{
	{"api", []string{"location"}, nil},
	{"athena", []string{"stagingDir", "schema"}, []string{"catalog", "regionName"}},
	{"azure", []string{"location", "format"}, []string{"delimiter"}},
	{"bigquery", []string{"project", "dataset"}, nil},
	{"clickhouse", []string{"host", "port", "database"}, nil},
	{"cloudsql", []string{"host", "port", "database", "schema"}, nil},
	{"custom", nil, specificServerKeys},
	{"databricks", []string{"catalog", "schema"}, []string{"host"}},
	{"db2", []string{"host", "port", "database"}, []string{"schema"}},
	{"denodo", []string{"host", "port"}, []string{"database"}},
	{"dremio", []string{"host", "port"}, []string{"schema"}},
	{"duckdb", []string{"database"}, []string{"schema"}},
	{"glue", []string{"account", "database"}, []string{"location", "format"}},
	{"hive", []string{"host", "database"}, []string{"port"}},
	{"impala", []string{"host", "database"}, []string{"port"}},
	{"informix", []string{"host", "database"}, []string{"port"}},
	{"kafka", []string{"host"}, []string{"format"}},
	{"kinesis", nil, []string{"region", "format"}},
	{"local", []string{"path", "format"}, nil},
	{"mysql", []string{"host", "port", "database"}, nil},
	{"oracle", []string{"host", "port", "serviceName"}, nil},
	{"postgres", []string{"host", "port", "database", "schema"}, nil},
	{"postgresql", []string{"host", "port", "database", "schema"}, nil},
	{"presto", []string{"host"}, []string{"catalog", "schema"}},
	{"pubsub", []string{"project"}, nil},
	{"redshift", []string{"database", "schema"}, []string{"host", "region", "account"}},
	{"s3", []string{"location"}, []string{"endpointUrl", "format", "delimiter"}},
	{"sftp", []string{"location"}, []string{"format", "delimiter"}},
	{"snowflake", []string{"account", "database", "schema"}, []string{"host", "port", "warehouse"}},
	{"sqlserver", []string{"host", "database", "schema"}, []string{"port"}},
	{"synapse", []string{"host", "port", "database"}, nil},
	{"trino", []string{"host", "port", "catalog", "schema"}, nil},
	{"vertica", []string{"host", "port", "database", "schema"}, nil},
	{"zen", []string{"host", "database"}, []string{"port"}},
}

// Support is a channel to ask.
type Support struct {
	ID               StableID         `yaml:"id"`
	Channel          string           `yaml:"channel" required:"true"`
	URL              string           `yaml:"url"`
	Description      string           `yaml:"description"`
	Tool             string           `yaml:"tool"`
	Scope            string           `yaml:"scope"`
	InvitationURL    string           `yaml:"invitationUrl"`
	CustomProperties []CustomProperty `yaml:"customProperties"`
}

// Price is what the data costs.
type Price struct {
	ID            StableID `yaml:"id"`
	PriceAmount   *float64 `yaml:"priceAmount"`
	PriceCurrency string   `yaml:"priceCurrency"`
	PriceUnit     string   `yaml:"priceUnit"`
}

// TeamOrList is a team, or the deprecated bare list of its members.
type TeamOrList struct {
	Team    *Team        `yaml:",mapping"`
	Members []TeamMember `yaml:",sequence"`
}

// A Team owns the contract.
type Team struct {
	ID                       StableID                  `yaml:"id"`
	Name                     string                    `yaml:"name"`
	Description              string                    `yaml:"description"`
	Members                  []TeamMember              `yaml:"members"`
	Tags                     []string                  `yaml:"tags"`
	CustomProperties         []CustomProperty          `yaml:"customProperties"`
	AuthoritativeDefinitions []AuthoritativeDefinition `yaml:"authoritativeDefinitions"`
}

// A TeamMember is a person in a Team.
type TeamMember struct {
	ID                       StableID                  `yaml:"id"`
	Username                 string                    `yaml:"username" required:"true"`
	Name                     string                    `yaml:"name"`
	Description              string                    `yaml:"description"`
	Role                     string                    `yaml:"role"`
	DateIn                   string                    `yaml:"dateIn"`
	DateOut                  string                    `yaml:"dateOut"`
	ReplacedByUsername       string                    `yaml:"replacedByUsername"`
	Tags                     []string                  `yaml:"tags"`
	CustomProperties         []CustomProperty          `yaml:"customProperties"`
	AuthoritativeDefinitions []AuthoritativeDefinition `yaml:"authoritativeDefinitions"`
}

// A Role gives access to the data.
type Role struct {
	ID                   StableID         `yaml:"id"`
	Role                 string           `yaml:"role" required:"true"`
	Description          string           `yaml:"description"`
	Access               string           `yaml:"access"`
	FirstLevelApprovers  string           `yaml:"firstLevelApprovers"`
	SecondLevelApprovers string           `yaml:"secondLevelApprovers"`
	CustomProperties     []CustomProperty `yaml:"customProperties"`
}

// An SLAProperty is one promise about the service.
type SLAProperty struct {
	ID          StableID `yaml:"id"`
	Property    string   `yaml:"property" required:"true"`
	Value       Text     `yaml:"value" required:"true"`
	ValueExt    Text     `yaml:"valueExt"`
	Unit        string   `yaml:"unit"`
	Element     string   `yaml:"element"`
	Driver      string   `yaml:"driver"`
	Description string   `yaml:"description"`
	Scheduler   string   `yaml:"scheduler"`
	Schedule    string   `yaml:"schedule"`
}

// An ObjectRelationship is a foreign key written at an object.
type ObjectRelationship struct {
	Type             string           `yaml:"type" enum:"foreignKey"`
	From             References       `yaml:"from" required:"true"`
	To               References       `yaml:"to" required:"true"`
	CustomProperties []CustomProperty `yaml:"customProperties"`
}

// A PropertyRelationship is a foreign key written at a property, which is its
// source.
type PropertyRelationship struct {
	Type             string           `yaml:"type" enum:"foreignKey"`
	To               References       `yaml:"to" required:"true"`
	CustomProperties []CustomProperty `yaml:"customProperties"`
}

// References are one column or several.
type References struct {
	One  Reference   `yaml:",scalar"`
	Many []Reference `yaml:",sequence"`
}

// A Reference names a column: object.property, or a path of ids that may lead
// to another file.
type Reference string

const referencePattern = `^[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*$|` +
	`^((https?://)?[A-Za-z0-9._/-]+\.yaml#)?/?[A-Za-z_][A-Za-z0-9_]*/[A-Za-z0-9_-]+(/[A-Za-z_][A-Za-z0-9_]*/[A-Za-z0-9_-]+)*$`

var referenceText = regexp.MustCompile(referencePattern)

// UnmarshalText refuses what is no reference.
func (r *Reference) UnmarshalText(text []byte) error {
	if !referenceText.Match(text) {
		return fmt.Errorf("the reference %q is neither object.property nor a path of ids", text)
	}
	*r = Reference(text)
	return nil
}

// JSONSchemaPattern is the pattern of the standard.
func (*Reference) JSONSchemaPattern() string { return referencePattern }
