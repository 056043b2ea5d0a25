package contract

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

func (c *comparer) objects(s site, before, after []Object) {
	pairs, removed, added := match(before, after,
		func(o Object) string { return string(o.ID) },
		func(o Object) string { return o.Name },
	)
	pairs, removed, added = renames(before, after, pairs, removed, added, func(a, b Object) bool {
		a.Name, a.ID, a.PhysicalName = b.Name, b.ID, b.PhysicalName
		return reflect.DeepEqual(a, b)
	})
	listsOf(c, s, before, after, lister[Object]{
		what: "table", kind: "object",
		name:      func(o Object) string { return o.Name },
		removed:   always[Object](verdict{Compatible, Breaking, Retrain}),
		added:     always[Object](tightened),
		reordered: always[Object](documented),
		change:    c.object,
	}, pairs, removed, added)
}

// renames pairs what was removed with what was added where the two are alike in
// all but their names, and nothing else is like either.
func renames[T any](before, after []T, pairs []pair, removed, added []int, alike func(a, b T) bool) ([]pair, []int, []int) {
	var found []pair
	for _, i := range removed {
		like := slices.DeleteFunc(slices.Clone(added), func(j int) bool { return !alike(before[i], after[j]) })
		if len(like) != 1 {
			continue
		}
		back := slices.DeleteFunc(slices.Clone(removed), func(k int) bool { return !alike(before[k], after[like[0]]) })
		if len(back) == 1 {
			found = append(found, pair{i, like[0]})
		}
	}
	for _, p := range found {
		removed = slices.DeleteFunc(slices.Clone(removed), func(i int) bool { return i == p.before })
		added = slices.DeleteFunc(slices.Clone(added), func(j int) bool { return j == p.after })
	}
	pairs = append(slices.Clone(pairs), found...)
	slices.SortFunc(pairs, func(a, b pair) int { return a.after - b.after })
	return pairs, removed, added
}

func (c *comparer) object(s site, before, after Object) {
	c.fields(s, before, after, func(key string, s site) {
		switch key {
		case "name":
			c.add(s, "object-renamed", replaced, "the table %q is now called %q", clip(before.Name), clip(after.Name))
		case "physicalName":
			c.add(s, "physical-name", replaced, "%s", moved("the table's name in the data", before.PhysicalName, after.PhysicalName))
		case "logicalType":
			c.text(s, key, before.LogicalType, after.LogicalType)
		case "dataGranularityDescription":
			c.meaning(s, key, before.DataGranularityDescription, after.DataGranularityDescription)
		case "relationships":
			relationships(c, s, before.Relationships, after.Relationships)
		case "quality":
			c.rules(s, before.Quality, after.Quality)
		case "properties":
			c.properties(s, before.Properties, after.Properties)
		default:
			c.element(key, s, before.Element, after.Element)
		}
	})
}

// relationships are foreign keys, compared as wholes.
func relationships[T any](c *comparer, s site, before, after []T) {
	whole := func(r T) string { return fmt.Sprintf("%+v", r) }
	_, removed, added := match(before, after, whole)
	v := replaced
	switch {
	case len(removed) == 0 && len(added) == 0:
		v = documented
	case len(removed) == 0:
		v = tightened
	case len(added) == 0:
		v = loosened
	}
	c.add(s, "relationships", v, "%d relationships are gone and %d are new", len(removed), len(added))
}

// element is what objects and properties have in common; it says nothing about
// other keys.
func (c *comparer) element(key string, s site, before, after Element) {
	switch key {
	case "id":
		c.id(s, before.ID, after.ID)
	case "physicalType":
		c.physicalType(s, before.PhysicalType, after.PhysicalType)
	case "description":
		c.meaning(s, key, before.Description, after.Description)
	case "businessName":
		v := harmless
		v.model = Recheck
		c.add(s, "meaning", v, "%s; see whether the values still mean what the model learned", moved(key, before.BusinessName, after.BusinessName))
	case "tags":
		c.note(s, key)
	case "authoritativeDefinitions":
		c.definitions(s, before.AuthoritativeDefinitions, after.AuthoritativeDefinitions)
	case "customProperties":
		c.custom(s, before.CustomProperties, after.CustomProperties)
	}
}

// physicalType is the storage's own word, in as many dialects as there are
// databases: two that differ are only known to differ.
func (c *comparer) physicalType(s site, before, after string) {
	v, said := replaced, moved("the physical type", before, after)
	switch {
	case strings.EqualFold(before, after):
		v = documented
	case before == "":
		v = tightened
	case after == "":
		v = loosened
	}
	c.add(s, "physical-type", v, "%s", said)
}

func (c *comparer) properties(s site, before, after []Property) {
	pairs, removed, added := match(before, after,
		func(p Property) string { return string(p.ID) },
		func(p Property) string { return p.Name },
	)
	pairs, removed, added = renames(before, after, pairs, removed, added, func(a, b Property) bool {
		a.Name, a.ID, a.PhysicalName = b.Name, b.ID, b.PhysicalName
		return reflect.DeepEqual(a, b)
	})
	names := map[string]string{}
	for _, p := range pairs {
		names[before[p.before].Name] = after[p.after].Name
	}
	keys := keyEdit(before, after, names)
	listsOf(c, s, before, after, lister[Property]{
		what: "property", kind: "property",
		name:    func(p Property) string { return p.Name },
		removed: always[Property](verdict{Compatible, Breaking, Retrain}),
		// Even where no value is required, data without the column, or a struct
		// without the part, is refused, and so may be what stood there undescribed.
		added:     always[Property](tightened),
		reordered: always[Property](harmless),
		change:    func(s site, before, after Property) { c.property(s, before, after, keys) },
	}, pairs, removed, added)
	// A part that came or went as a whole property leaves no key of its own that
	// differs.
	if keys.verdict != documented && !keys.said {
		c.add(s, keys.kind, keys.verdict, "%s", keys.message)
	}
}

func (c *comparer) property(s site, before, after Property, keys *edit) {
	c.fields(s, before, after, func(key string, s site) {
		switch key {
		case "name":
			c.renamed(s, before, after)
		case "physicalName":
			c.column(s, before, after)
		case "properties":
			c.properties(s, before.Properties, after.Properties)
		case "items":
			c.items(s, before.Items, after.Items)
		default:
			c.base(key, s, before.BaseProperty, after.BaseProperty, keys)
		}
	})
}

// renamed: the column in the data may have kept its name.
func (c *comparer) renamed(s site, before, after Property) {
	said := fmt.Sprintf("the property %q is now called %q", clip(before.Name), clip(after.Name))
	if before.Column() == after.Column() {
		c.add(s, "property-renamed", verdict{Compatible, Breaking, Recheck}, "%s; its column in the data is still %q", said, clip(after.Column()))
		return
	}
	c.add(s, "property-renamed", redefined, "%s, and so is its column: a bundle that was trained before looks for the old one", said)
}

func (c *comparer) column(s site, before, after Property) {
	if before.Column() == after.Column() {
		c.text(s, "physicalName", before.PhysicalName, after.PhysicalName)
		return
	}
	c.add(s, "physical-name", redefined, "the column was called %q in the data and is now %q: a bundle that was trained before looks for the old one", clip(before.Column()), clip(after.Column()))
}

func (c *comparer) items(s site, before, after *Item) {
	switch {
	case before == nil:
		c.add(s, "items-added", tightened, "the elements of the list are now described")
	case after == nil:
		c.add(s, "items-removed", loosened, "the elements of the list are no longer described")
	default:
		c.fields(s, *before, *after, func(key string, s site) {
			switch key {
			case "name":
				c.text(s, key, before.Name, after.Name)
			case "physicalName":
				c.text(s, key, before.PhysicalName, after.PhysicalName)
			case "properties":
				c.properties(s, before.Properties, after.Properties)
			case "items":
				c.items(s, before.Items, after.Items)
			default:
				c.base(key, s, before.BaseProperty, after.BaseProperty, nil)
			}
		})
	}
}

// base is what properties and the elements of lists have in common.
func (c *comparer) base(key string, s site, before, after BaseProperty, keys *edit) {
	switch key {
	case "logicalType":
		c.logicalType(s, before.LogicalType, after.LogicalType)
	case "logicalTypeOptions":
		c.options(s, before, after)
	case "required":
		c.flag(s, key, before.isRequired(), after.isRequired(), verdict{Breaking, Compatible, Recheck})
	case "unique":
		c.flag(s, key, before.isUnique(), after.isUnique(), tightened)
	case "primaryKey", "primaryKeyPosition":
		c.primaryKey(s, key, before, after, keys)
	case "partitioned", "partitionKeyPosition":
		c.partition(s, key, before, after)
	case "classification":
		c.add(s, "classification", replaced, "%s: who may read it, and whether a model may use it, must be looked at again", moved(key, before.Classification, after.Classification))
	case "encryptedName":
		c.add(s, "encrypted-name", verdict{Breaking, Breaking, NoEffect}, "%s", moved("the encrypted column's name", before.EncryptedName, after.EncryptedName))
	case "transformSourceObjects", "transformLogic":
		c.add(s, "derivation", replaced, "%s changed: the values are made in another way", key)
	case "transformDescription":
		c.meaning(s, key, before.TransformDescription, after.TransformDescription)
	case "examples", "criticalDataElement":
		c.note(s, key)
	case "relationships":
		relationships(c, s, before.Relationships, after.Relationships)
	case "quality":
		c.rules(s, before.Quality, after.Quality)
	default:
		c.element(key, s, before.Element, after.Element)
	}
}

// flag compares two readings of a key that is false where it is absent.
func (c *comparer) flag(s site, key string, before, after bool, whenSet verdict) {
	switch {
	case before == after:
		c.add(s, "documentation", documented, "%s is said in another way; it is still %v", key, after)
	case after:
		c.add(s, key+"-added", whenSet, "%s is now asked for: data without it was taken before", key)
	default:
		c.add(s, key+"-removed", loosened, "%s is no longer asked for: data without it can arrive", key)
	}
}

func (c *comparer) partition(s site, key string, before, after BaseProperty) {
	position := func(p BaseProperty) int {
		switch {
		case p.Partitioned == nil || !*p.Partitioned:
			return -1
		case p.PartitionKeyPosition == nil:
			return 0
		}
		return *p.PartitionKeyPosition
	}
	if position(before) == position(after) {
		c.note(s, key)
		return
	}
	c.add(s, "partition", verdict{Breaking, Breaking, NoEffect}, "%s changed: the data is cut into other parts", key)
}

func (c *comparer) logicalType(s site, before, after string) {
	said := moved("the type", before, after)
	switch {
	case before == "":
		c.add(s, "type-added", tightened, "%s: any value was taken before", said)
	case after == "":
		c.add(s, "type-removed", loosened, "%s: any value can arrive", said)
	case before == TypeNumber && after == TypeInteger:
		c.add(s, "type-narrowed", verdict{Breaking, Compatible, Recheck}, "%s: numbers with a fraction were taken before", said)
	case before == TypeInteger && after == TypeNumber:
		c.add(s, "type-widened", verdict{Compatible, Breaking, Recheck}, "%s: numbers with a fraction can arrive", said)
	default:
		c.add(s, "type-changed", redefined, "%s", said)
	}
}
