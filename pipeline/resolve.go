package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/contract"
	"github.com/linecook-ml/linecook/pipeline/feature"
	"github.com/linecook-ml/linecook/pipeline/report"
)

// said is what pipeline.yaml itself says of what contracts may say as well.
type said struct {
	sources      []Source
	observations feature.Observations
	label        feature.Label
}

func (c *Config) remember() {
	c.said = &said{sources: slices.Clone(c.Sources), observations: c.Observations, label: c.Label}
}

// Resolve narrows each source's contract to the object that describes it, and
// settles what may stand in pipeline.yaml or in the contract, under the
// contract's linecook.* custom properties: when a row happened and was known,
// what is predicted, and which column is the partition. What stands in both
// must be the same, and what stands in neither is a finding. It starts from the
// file each time, so another set of contracts gives the same as it would have
// given first.
func (c *Config) Resolve(contracts Contracts) []report.Finding {
	if c.said == nil {
		c.remember()
	}
	r := &resolver{config: c, places: map[string]report.Position{}}
	c.Sources = slices.Clone(c.said.sources)
	c.Observations, c.Label = c.said.observations, c.said.label
	for i := range c.Sources {
		source := &c.Sources[i]
		rules := contracts[source.Name]
		if rules == nil {
			continue
		}
		narrowed, err := rules.For(source.object(rules))
		if err != nil {
			r.add(finding("config/object", c.At("sources", i), "name one of them with object", "source %s: %s", source.Name, err))
			delete(contracts, source.Name)
			continue
		}
		contracts[source.Name] = narrowed
		r.source(i, source, narrowed)
	}
	c.places = r.places
	report.Sort(r.findings)
	return r.findings
}

// object is the schema object that describes the source: the one that is named,
// or else the one that is called like the source, or else the only one.
func (s Source) object(rules *contract.Contract) string {
	if s.Object != "" {
		return s.Object
	}
	if slices.ContainsFunc(rules.Schema, func(o contract.Object) bool { return o.Name == s.Name }) {
		return s.Name
	}
	return ""
}

type resolver struct {
	config   *Config
	findings []report.Finding
	// places are where the contracts say what the file does not.
	places map[string]report.Position
}

func (r *resolver) add(f report.Finding) { r.findings = append(r.findings, f) }

func (r *resolver) source(i int, source *Source, rules *contract.Contract) {
	times := rules.Times()
	what := "source " + source.Name
	r.text(&source.EventTime, times.EventTime, times.Place("eventTime"), need{"config/no-event-time", what, "event_time", "eventTime"}, "sources", i, "event_time")
	r.text(&source.KnownAt, times.KnownAt, times.Place("knownAt"), need{"config/no-known-at", what, "known_at", "knownAt"}, "sources", i, "known_at")
	// A source without partitions is checked whole.
	r.text(&source.Partition, times.Partition, times.Place("partition"), need{"", what, "partition", "partition"}, "sources", i, "partition")
	o := &r.config.Observations
	if source.Name != o.Source {
		return
	}
	r.text(&o.Partition, source.Partition, r.place(i, times), need{"config/no-partition", "the observations", "partition", "partition"}, "observations", "partition")
	if o.Partition != "" && source.Partition == "" {
		r.add(finding("config/partition", r.config.At("observations", "partition"), "write the same column at both",
			"the observations' partition is %q, but source %s has none", o.Partition, source.Name))
	}
	r.entity(o, times)
	r.outputs(o)
	label := &r.config.Label
	r.text(&label.Expression, times.Label, times.Place("label"), need{"config/no-label", "the label", "expression", "label"}, "label", "expression")
	r.text(&label.KnownAt, times.LabelKnownAt, times.Place("labelKnownAt"), need{"config/no-label-known-at", "the label", "known_at", "labelKnownAt"}, "label", "known_at")
}

// place is where the observations' source says its partition.
func (r *resolver) place(i int, times contract.Times) report.Position {
	if times.Partition != "" {
		return times.Place("partition")
	}
	return r.config.At("sources", i, "partition")
}

// A need says what is missing where a setting stands in neither file. An empty
// code says that it may.
type need struct{ code, what, key, property string }

// text settles one setting, which the file may have at path and the contract at
// its own place.
func (r *resolver) text(setting *string, given string, place report.Position, n need, path ...any) {
	given = strings.TrimSpace(given)
	switch written := strings.TrimSpace(*setting); {
	case written == "" && given == "":
		if n.code != "" {
			r.add(finding(n.code, r.config.Document.Position(path...), fmt.Sprintf("write %s here, or linecook.%s in the contract's customProperties", n.key, n.property),
				"%s has no %s, neither in %s nor in its contract", n.what, n.key, r.config.File))
		}
	case written == "":
		*setting = given
		r.places[fmt.Sprint(path...)] = place
	case given != "" && given != written:
		r.add(finding("config/contradiction", r.config.Document.Position(path...), "keep one of them, or make them the same",
			"%s has %s %q here and %q at %s", n.what, n.key, written, given, place))
	}
}

// outputs refuses columns that would take the name of one that scores have.
func (r *resolver) outputs(o *feature.Observations) {
	for _, named := range []struct {
		setting string
		columns []string
	}{{"partition", []string{o.Partition}}, {"key", o.Key}, {"entity", o.Entity}} {
		for _, column := range named.columns {
			// DuckDB does not tell names by case.
			if !slices.ContainsFunc(OutputColumns, func(name string) bool { return strings.EqualFold(name, column) }) {
				continue
			}
			r.add(finding("config/output-column", r.config.At("observations", named.setting), "give the column another name in the source",
				"%s is %q, which is a column of linecook's own in published scores", named.setting, column))
		}
	}
}

func (r *resolver) entity(o *feature.Observations, times contract.Times) {
	position := r.config.Document.Position("observations", "entity")
	switch {
	case len(o.Entity) == 0 && len(times.EntityKey) == 0:
		r.add(finding("config/no-entity", position, "write entity here, or linecook.entityKey in the contract's customProperties",
			"the observations have no entity, neither in %s nor in its contract", r.config.File))
	case len(o.Entity) == 0:
		o.Entity = times.EntityKey
		r.places[fmt.Sprint("observations", "entity")] = times.Place("entityKey")
	case len(times.EntityKey) > 0 && !slices.Equal(o.Entity, times.EntityKey):
		r.add(finding("config/contradiction", position, "keep one of them, or make them the same",
			"the observations' entity is %s here and %s at %s", strings.Join(o.Entity, ", "), strings.Join(times.EntityKey, ", "), times.Place("entityKey")))
	}
}
