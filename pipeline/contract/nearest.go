package contract

import (
	"fmt"
	"slices"
	"strings"

	"github.com/linecook-ml/linecook/pipeline/dataset"
	"github.com/linecook-ml/linecook/pipeline/document"
)

const (
	// maxCompared bounds the distinct values that are compared by content.
	maxCompared = 1000
	// minContained is the least share of an unexpected column's values that must
	// be known values of the missing one. It is high because small numbers are
	// values of many columns.
	minContained = 0.9
)

// A nearColumn is what a missing column has probably become, and why we think so.
type nearColumn struct{ name, why string }

// nearestColumn looks among the unexpected columns for what the i-th property
// has become: by a name that is almost the same, then by content, then by a
// name that is shortened or a place in the table that is the same.
func (k *checker) nearestColumn(v view, i int, unexpected []dataset.Column) (*nearColumn, error) {
	var names []string
	for _, c := range unexpected {
		names = append(names, c.Name)
	}
	if name, ok := document.Nearest(v.columns[i].property.Column(), names); ok {
		return &nearColumn{name, "its name is almost the same"}, nil
	}
	if near, err := k.nearestByContent(v, i, unexpected); near != nil || err != nil {
		return near, err
	}
	return k.nearestByShape(v, i, unexpected)
}

// nearestByContent finds the unexpected column with the greatest share of values
// that the property is known to have, from its valid values or from the files
// that still have it.
func (k *checker) nearestByContent(v view, i int, unexpected []dataset.Column) (*nearColumn, error) {
	p := v.columns[i].property
	known, from := k.knownValues(i)
	if known == "" {
		return nil, nil
	}
	var best *nearColumn
	bestShare := 0.0
	for _, c := range unexpected {
		cast, ok := p.cast("r."+dataset.Identifier(c.Name), c.Type)
		if !ok {
			continue
		}
		raw := "CAST(r." + dataset.Identifier(c.Name) + " AS VARCHAR)"
		values := "SELECT DISTINCT coalesce(CAST(" + cast + " AS VARCHAR), " + raw + ") AS v FROM " + v.segment.Relation() + " AS r" + v.where()
		query := fmt.Sprintf("SELECT count(*), count(*) FILTER (WHERE v IN (SELECT v FROM (%s))) FROM (SELECT v FROM (%s) WHERE v IS NOT NULL ORDER BY v LIMIT %d)", known, values, maxCompared)
		var all, shared int64
		if err := k.session.DB().QueryRowContext(k.ctx, query).Scan(&all, &shared); err != nil {
			return nil, err
		}
		if all == 0 {
			continue
		}
		if share := float64(shared) / float64(all); share >= minContained && share > bestShare {
			bestShare = share
			best = &nearColumn{c.Name, fmt.Sprintf("%d of its %d different values are values of %q %s", shared, all, p.Column(), from)}
		}
	}
	return best, nil
}

// nearestByShape finds the one unexpected column whose name is the property's
// shortened or written out, or else that stands between the property's
// neighbours; all its values must be of the property's type.
func (k *checker) nearestByShape(v view, i int, unexpected []dataset.Column) (*nearColumn, error) {
	p := v.columns[i].property
	for _, shape := range []struct {
		fits func(name string) bool
		why  string
	}{
		{func(name string) bool { return abbreviates(name, p.Column()) || abbreviates(p.Column(), name) }, "one name is short for the other"},
		{func(name string) bool { return v.standsInPlace(i, name) }, "it stands in the same place"},
	} {
		var near []dataset.Column
		for _, c := range unexpected {
			if shape.fits(c.Name) {
				near = append(near, c)
			}
		}
		if len(near) != 1 {
			continue
		}
		cast, ok := p.cast("r."+dataset.Identifier(near[0].Name), near[0].Type)
		if !ok {
			continue
		}
		var values, typed int64
		if err := k.session.DB().QueryRowContext(k.ctx, fmt.Sprintf("SELECT count(r.%s), count(%s) FROM %s AS r%s",
			dataset.Identifier(near[0].Name), cast, v.segment.Relation(), v.where())).Scan(&values, &typed); err != nil {
			return nil, err
		}
		if values > 0 && typed == values {
			return &nearColumn{near[0].Name, fmt.Sprintf("%s, and its %s can be read as %s", shape.why, plural(values, "value"), p.LogicalType)}, nil
		}
	}
	return nil, nil
}

// abbreviates says that short, of two letters or more, begins like long and has
// letters of long only, in their order: yr is short for year, cust_id for
// customer_id.
func abbreviates(short, long string) bool {
	letters := func(s string) []rune {
		return []rune(strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s)))
	}
	s, l := letters(short), letters(long)
	if len(s) < 2 || len(s) >= len(l) || s[0] != l[0] {
		return false
	}
	for _, letter := range l {
		if len(s) > 0 && s[0] == letter {
			s = s[1:]
		}
	}
	return len(s) == 0
}

// standsInPlace says that the neighbours of a column in the file are those of
// the i-th property in the contract; at an end of the table one is enough.
func (v view) standsInPlace(i int, name string) bool {
	at := slices.IndexFunc(v.segment.Columns, func(c dataset.Column) bool { return c.Name == name })
	neighbours := 0
	for _, step := range []int{-1, 1} {
		there, here := at+step, i+step
		inFile, inContract := there >= 0 && there < len(v.segment.Columns), here >= 0 && here < len(v.columns)
		if inFile != inContract || inFile && v.segment.Columns[there].Name != v.columns[here].property.Column() {
			return false
		}
		if inFile {
			neighbours++
		}
	}
	return neighbours > 0
}

// knownValues is SQL for the values, as text in v, that a property is known to
// have.
func (k *checker) knownValues(i int) (query, from string) {
	p := &k.contract.object().Properties[i]
	for k := range p.Quality {
		r := &p.Quality[k]
		if ruleType(r) != "library" || r.Metric != MetricInvalidValues || r.Arguments == nil {
			continue
		}
		var rows []string
		for _, literal := range validLiterals(p, r) {
			rows = append(rows, "(CAST(CAST("+literal+" AS "+p.duckType()+") AS VARCHAR))")
		}
		if rows != nil {
			return "SELECT v FROM (VALUES " + strings.Join(rows, ", ") + ") AS known(v)", "in the contract"
		}
	}
	var parts []string
	for _, segment := range k.table.Segments {
		v := k.contract.view(segment)
		if b := v.columns[i]; b.present && b.castable {
			parts = append(parts, "SELECT CAST("+b.typed()+" AS VARCHAR) AS v FROM "+v.segment.Relation()+" AS r")
		}
	}
	if parts == nil {
		return "", ""
	}
	return "SELECT DISTINCT v FROM (" + strings.Join(parts, " UNION ALL ") + ") WHERE v IS NOT NULL", "in other files"
}
