package contract

import "slices"

func (c *comparer) contract(before, after *Contract) {
	c.fields(site{}, *before, *after, func(key string, s site) {
		switch key {
		case "apiVersion":
			c.add(s, "api-version", harmless, "%s", moved("the version of the standard", before.APIVersion, after.APIVersion))
		case "id":
			c.add(s, "contract-id", redefined, "%s: this is another contract", moved("the contract's id", before.ID, after.ID))
		case "name":
			c.add(s, "contract-name", harmless, "%s", moved("the contract's name", before.Name, after.Name))
		case "version":
			c.add(s, KindVersion, documented, "%s", moved("the version", before.Version, after.Version))
		case "status":
			c.status(s, before.Status, after.Status)
		case "tenant":
			c.text(s, key, before.Tenant, after.Tenant)
		case "domain":
			c.text(s, key, before.Domain, after.Domain)
		case "dataProduct":
			c.text(s, key, before.DataProduct, after.DataProduct)
		case "contractCreatedTs":
			c.text(s, key, before.ContractCreatedTs, after.ContractCreatedTs)
		case "description":
			c.description(s, deref(before.Description), deref(after.Description))
		case "tags", "support", "team":
			c.note(s, key)
		case "authoritativeDefinitions":
			c.definitions(s, before.AuthoritativeDefinitions, after.AuthoritativeDefinitions)
		case "customProperties":
			c.custom(s, before.CustomProperties, after.CustomProperties)
		case "servers":
			c.servers(s, before.Servers, after.Servers)
		case "roles":
			c.roles(s, before.Roles, after.Roles)
		case "price":
			c.price(s, deref(before.Price), deref(after.Price))
		case "schema":
			c.objects(s, before.Schema, after.Schema)
		case "slaDefaultElement":
			c.add(s, "sla-element", replaced, "%s", moved("the element that service levels are about", before.SLADefaultElement, after.SLADefaultElement))
		case "slaProperties":
			c.promises(s, before.SLAProperties, after.SLAProperties)
		}
	})
}

// statuses is the life of a contract, in order.
var statuses = []string{"proposed", "draft", "active", "deprecated", "retired"}

func (c *comparer) status(s site, before, after string) {
	was, is := slices.Index(statuses, before), slices.Index(statuses, after)
	said := moved("the status", before, after)
	active := slices.Index(statuses, "active")
	switch {
	case was < 0 || is < 0:
		c.add(s, "status", replaced, "%s, which is no status of the standard", said)
	case after == "retired":
		c.add(s, "retired", verdict{Compatible, Breaking, Recheck}, "%s: the data may go away at any time", said)
	case after == "deprecated":
		c.add(s, "deprecated", harmless, "%s: move to its successor", said)
	case was >= active && before != "retired" && is < active:
		c.add(s, "promise-withdrawn", verdict{Compatible, Breaking, Recheck}, "%s: what was promised no longer is", said)
	default:
		c.add(s, "status", harmless, "%s", said)
	}
}

func (c *comparer) description(s site, before, after Description) {
	said := len(c.changes)
	c.fields(s, before, after, func(key string, s site) {
		switch key {
		case "purpose":
			c.text(s, key, before.Purpose, after.Purpose)
		case "usage":
			c.text(s, key, before.Usage, after.Usage)
		case "limitations":
			c.meaning(s, key, before.Limitations, after.Limitations)
		case "authoritativeDefinitions":
			c.definitions(s, before.AuthoritativeDefinitions, after.AuthoritativeDefinitions)
		case "customProperties":
			c.custom(s, before.CustomProperties, after.CustomProperties)
		}
	})
	if len(c.changes) == said {
		c.note(s, "description")
	}
}

// servers: data that moved is not found where it was, so every key that says
// where or in which form it lies breaks its readers.
func (c *comparer) servers(s site, before, after []Server) {
	lists(c, s, before, after, lister[Server]{
		what: "server", kind: "server",
		keys: []func(Server) string{
			func(v Server) string { return string(v.ID) },
			func(v Server) string { return v.Server },
		},
		name:    func(v Server) string { return v.Server },
		removed: always[Server](verdict{Compatible, Breaking, NoEffect}), added: always[Server](harmless), reordered: always[Server](documented),
		change: func(s site, before, after Server) {
			c.fields(s, before, after, func(key string, s site) {
				switch key {
				case "id":
					c.id(s, before.ID, after.ID)
				case "description":
					c.text(s, key, before.Description, after.Description)
				case "roles":
					c.roles(s, before.Roles, after.Roles)
				case "customProperties":
					c.custom(s, before.CustomProperties, after.CustomProperties)
				case "server":
					c.add(s, "server-renamed", verdict{Compatible, Breaking, NoEffect}, "%s", moved("the server's name", before.Server, after.Server))
				default:
					c.add(s, "server-moved", verdict{Breaking, Breaking, NoEffect}, "the server %q has another %s: the data is not where, or not what, it was", clip(after.Server), key)
				}
			})
		},
	})
}

func (c *comparer) roles(s site, before, after []Role) {
	lists(c, s, before, after, lister[Role]{
		what: "role", kind: "role",
		keys: []func(Role) string{
			func(r Role) string { return string(r.ID) },
			func(r Role) string { return r.Role },
		},
		name:    func(r Role) string { return r.Role },
		removed: always[Role](verdict{Compatible, Breaking, NoEffect}), added: always[Role](harmless), reordered: always[Role](documented),
		change: func(s site, before, after Role) {
			c.fields(s, before, after, func(key string, s site) {
				switch key {
				case "id":
					c.id(s, before.ID, after.ID)
				case "role":
					c.add(s, "role-renamed", verdict{Compatible, Breaking, NoEffect}, "%s", moved("the role", before.Role, after.Role))
				case "access":
					c.add(s, "role-access", verdict{Compatible, Breaking, NoEffect}, "%s", moved("the access", before.Access, after.Access))
				case "description", "firstLevelApprovers", "secondLevelApprovers":
					c.note(s, key)
				case "customProperties":
					c.custom(s, before.CustomProperties, after.CustomProperties)
				}
			})
		},
	})
}

// price: who pays more has lost something; what the data is stays the same.
func (c *comparer) price(s site, before, after Price) {
	said := len(c.changes)
	c.fields(s, before, after, func(key string, s site) {
		switch key {
		case "id":
			c.id(s, before.ID, after.ID)
		case "priceAmount":
			was, is := deref(before.PriceAmount), deref(after.PriceAmount)
			v := verdict{Compatible, Breaking, NoEffect}
			if is <= was {
				v = harmless
			}
			c.add(s, "price", v, "the price was %s and is now %s", number(was), number(is))
		case "priceCurrency":
			c.add(s, "price", verdict{Compatible, Breaking, NoEffect}, "%s", moved("the price's currency", before.PriceCurrency, after.PriceCurrency))
		case "priceUnit":
			c.add(s, "price", verdict{Compatible, Breaking, NoEffect}, "%s", moved("the price's unit", before.PriceUnit, after.PriceUnit))
		}
	})
	if len(c.changes) == said {
		c.note(s, "price")
	}
}
