package contract_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

var required = []string{"date", "carrier", "flight", "origin", "dest", "sched_dep_time", "sched_arr_time", "hour", "minute", "time_hour", "distance"}
var integers = []string{"flight", "sched_dep_time", "hour", "minute", "distance", "dep_delay", "arr_delay", "air_time"}

// breakages are what happens to files and must never pass.
var breakages = []breakage{
	{"a dropped column", func(r *rand.Rand, d table) string {
		i := r.IntN(len(d.header))
		d.header = slices.Delete(d.header, i, i+1)
		for j := range d.rows {
			d.rows[j] = slices.Delete(d.rows[j], i, i+1)
		}
		return d.text()
	}},
	{"a renamed column", func(r *rand.Rand, d table) string { i := r.IntN(len(d.header)); d.header[i] += "_2"; return d.text() }},
	{"capitals in a column's name", func(r *rand.Rand, d table) string {
		i := r.IntN(len(d.header))
		d.header[i] = strings.ToUpper(d.header[i])
		return d.text()
	}},
	{"space around a column's name", func(r *rand.Rand, d table) string {
		i := r.IntN(len(d.header))
		d.header[i] = " " + d.header[i]
		return d.text()
	}},
	{"two columns of one name", func(r *rand.Rand, d table) string {
		i := 1 + r.IntN(len(d.header)-1)
		d.header[i] = d.header[0]
		return d.text()
	}},
	{"no header", func(_ *rand.Rand, d table) string { _, rest, _ := strings.Cut(d.text(), "\n"); return rest }},
	{"the header again between rows", func(r *rand.Rand, d table) string {
		d.rows = slices.Insert(d.rows, r.IntN(len(d.rows)), d.header)
		return d.text()
	}},
	{"an extra delimiter", func(r *rand.Rand, d table) string {
		i := r.IntN(len(d.rows))
		d.rows[i] = slices.Insert(d.rows[i], r.IntN(5), "")
		return d.text()
	}},
	{"an extra delimiter at the end", func(r *rand.Rand, d table) string {
		i := r.IntN(len(d.rows))
		d.rows[i] = append(d.rows[i], "")
		return d.text()
	}},
	{"an extra delimiter at the end of every row", func(_ *rand.Rand, d table) string {
		head, rest, _ := strings.Cut(d.text(), "\n")
		return head + "\n" + strings.ReplaceAll(rest, "\n", ",\n")
	}},
	{"a missing delimiter", func(r *rand.Rand, d table) string {
		i := r.IntN(len(d.rows))
		d.rows[i] = d.rows[i][1:]
		return d.text()
	}},
	{"semicolons", func(_ *rand.Rand, d table) string { return strings.ReplaceAll(d.text(), ",", ";") }},
	{"tabs", func(_ *rand.Rand, d table) string { return strings.ReplaceAll(d.text(), ",", "\t") }},
	{"an open quote", func(r *rand.Rand, d table) string {
		text := d.cell(r, "dest", func(v string) string { return "OPEN" + v })
		return strings.Replace(text, "OPEN", `"`, 1)
	}},
	{"cells shifted by one in a row", func(r *rand.Rand, d table) string {
		row := d.rows[r.IntN(len(d.rows))]
		copy(row[1:], slices.Clone(row[:len(row)-1]))
		return d.text()
	}},
	{"cut within a row", func(r *rand.Rand, d table) string {
		lines := strings.SplitAfter(d.text(), "\n")
		n := len(lines)/2 + r.IntN(len(lines)/2-2)
		return strings.Join(lines[:n], "") + lines[n][:len(lines[n])/2]
	}},
	{"cut within the last value", func(r *rand.Rand, d table) string {
		last := d.rows[len(d.rows)-1]
		i := d.column("distance")
		for _, row := range append([][]string{d.header}, d.rows...) {
			row[i], row[len(row)-1] = row[len(row)-1], row[i]
		}
		return strings.TrimSuffix(d.text(), "\n")[:len(d.text())-1-1-r.IntN(len(last[len(last)-1])-1)]
	}},
	{"cut at the end of a row", func(r *rand.Rand, d table) string { d.rows = d.rows[:r.IntN(300)]; return d.text() }},
	{"an empty file", func(*rand.Rand, table) string { return "" }},
	{"a blank line alone", func(*rand.Rand, table) string { return "\n" }},
	{"only the header", func(_ *rand.Rand, d table) string { d.rows = nil; return d.text() }},
	{"a web page instead", func(*rand.Rand, table) string {
		return "<!DOCTYPE html>\n<html><body>503 Service Unavailable</body></html>\n"
	}},
	{"a Git LFS pointer instead", func(*rand.Rand, table) string {
		return "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
	}},
	{"a merge conflict", func(r *rand.Rand, d table) string {
		lines := strings.SplitAfter(d.text(), "\n")
		return strings.Join(slices.Insert(lines, 1+r.IntN(len(lines)-2), "<<<<<<< HEAD\n"), "")
	}},
	{"a sum at the end", func(_ *rand.Rand, d table) string { return d.text() + "TOTAL," + fmt.Sprint(len(d.rows)) + "\n" }},
	{"UTF-16", func(_ *rand.Rand, d table) string {
		var b strings.Builder
		b.WriteString("\xff\xfe")
		for _, c := range []byte(d.text()) {
			b.WriteByte(c)
			b.WriteByte(0)
		}
		return b.String()
	}},
	{"Latin-1", func(r *rand.Rand, d table) string {
		return d.cell(r, pick(r, "dest", "carrier", "origin"), set("M\xfcn"))
	}},
	{"a byte of zero", func(r *rand.Rand, d table) string {
		return d.cell(r, pick(r, "dest", "carrier", "distance"), func(v string) string { return v + "\x00" })
	}},
	{"no value", func(r *rand.Rand, d table) string { return d.cell(r, pick(r, required...), set("")) }},
	{"a column without values", func(r *rand.Rand, d table) string { return d.every(pick(r, required...), set("")) }},
	{"a word for no value", func(r *rand.Rand, d table) string {
		return d.cell(r, pick(r, integers...), set(pick(r, "NA", "null", "None", "-", "#N/A")))
	}},
	{"a blank", func(r *rand.Rand, d table) string {
		return d.cell(r, pick(r, append(integers, "carrier", "origin")...), set(" "))
	}},
	{"NaN", func(r *rand.Rand, d table) string { return d.cell(r, pick(r, integers...), set(pick(r, "NaN", "nan"))) }},
	{"infinity", func(r *rand.Rand, d table) string {
		return d.cell(r, pick(r, integers...), set(pick(r, "inf", "-Infinity")))
	}},
	{"a word in a number", func(r *rand.Rand, d table) string { return d.cell(r, pick(r, integers...), set("unknown")) }},
	{"a boolean in a number", func(r *rand.Rand, d table) string {
		return d.cell(r, pick(r, integers...), set(pick(r, "true", "yes")))
	}},
	{"a fraction in a whole number", func(r *rand.Rand, d table) string {
		return d.every(pick(r, integers...), func(v string) string { return v + ".0" })
	}},
	{"a decimal comma", func(r *rand.Rand, d table) string {
		return d.cell(r, pick(r, integers...), func(v string) string { return v + ",5" })
	}},
	{"thousands divided by commas", func(r *rand.Rand, d table) string { return d.cell(r, "distance", set("1,234")) }},
	{"scientific notation", func(r *rand.Rand, d table) string { return d.cell(r, pick(r, integers...), set("1e1")) }},
	{"hexadecimal", func(r *rand.Rand, d table) string { return d.cell(r, pick(r, integers...), set("0x1F")) }},
	{"underscores", func(r *rand.Rand, d table) string { return d.cell(r, pick(r, integers...), set("1_0")) }},
	{"space around a value", func(r *rand.Rand, d table) string {
		return d.cell(r, pick(r, append(integers, "carrier", "origin", "date")...), func(v string) string { return pick(r, " "+v, v+" ", v+"\t") })
	}},
	{"garbage behind a value", func(r *rand.Rand, d table) string {
		return d.cell(r, pick(r, append(integers, "date", "time_hour", "carrier")...), func(v string) string { return v + pick(r, "x", ";", "km", "?") })
	}},
	{"small letters", func(r *rand.Rand, d table) string { return d.every(pick(r, "carrier", "origin"), strings.ToLower) }},
	{"a new member", func(r *rand.Rand, d table) string { return d.cell(r, pick(r, "carrier", "origin"), set("ZZ")) }},
	{"the unit times 1000", func(_ *rand.Rand, d table) string {
		return d.every("distance", func(v string) string { return v + "000" })
	}},
	{"the unit divided by 1000", func(_ *rand.Rand, d table) string {
		return d.every("distance", func(v string) string { return "0." + v })
	}},
	{"a number below the least", func(r *rand.Rand, d table) string {
		return d.cell(r, pick(r, "hour", "minute", "distance", "flight"), set("-1"))
	}},
	{"a number above the greatest", func(r *rand.Rand, d table) string {
		return d.cell(r, pick(r, "hour", "minute", "distance", "flight", "dep_delay"), set("99999"))
	}},
	{"a number too wide", func(r *rand.Rand, d table) string {
		return d.cell(r, pick(r, integers...), set("99999999999999999999"))
	}},
	{"a row twice", func(r *rand.Rand, d table) string {
		d.rows = append(d.rows, d.rows[r.IntN(len(d.rows))])
		return d.text()
	}},
	{"a key twice", func(r *rand.Rand, d table) string {
		row := slices.Clone(d.rows[r.IntN(len(d.rows))])
		row[d.column("dest")] = "XYZ"
		d.rows = slices.Insert(d.rows, r.IntN(len(d.rows)), row)
		return d.text()
	}},
	{"the day before instead", func(_ *rand.Rand, d table) string { return d.every("date", set("2012-12-31")) }},
	{"dates day first", func(_ *rand.Rand, d table) string {
		return d.every("date", func(v string) string { return v[8:] + "/" + v[5:7] + "/" + v[:4] })
	}},
	{"dates of two forms", func(r *rand.Rand, d table) string {
		return d.cell(r, "date", func(v string) string { return v[8:] + "." + v[5:7] + "." + v[:4] })
	}},
	{"a date that does not exist", func(r *rand.Rand, d table) string { return d.cell(r, "date", set("2013-02-30")) }},
	{"a date for a timestamp", func(r *rand.Rand, d table) string {
		return d.cell(r, "time_hour", func(v string) string { return v[:10] })
	}},
	{"seconds since 1970", func(_ *rand.Rand, d table) string { return d.every("time_hour", set("1380585600")) }},
	{"columns swapped", func(r *rand.Rand, d table) string {
		pairs := [][2]string{{"carrier", "origin"}, {"origin", "dest"}, {"hour", "minute"}, {"hour", "distance"}, {"date", "time_hour"}, {"carrier", "dest"}, {"sched_dep_time", "flight"}, {"minute", "distance"}}
		pair := pairs[r.IntN(len(pairs))]
		i, j := d.column(pair[0]), d.column(pair[1])
		for _, row := range d.rows {
			row[i], row[j] = row[j], row[i]
		}
		return d.text()
	}},
}

// harmless is what changes bytes and nothing that they say.
var harmless = []breakage{
	{"columns in another order", func(r *rand.Rand, d table) string {
		order := r.Perm(len(d.header))
		sorted := func(row []string) []string {
			out := make([]string, len(row))
			for i, j := range order {
				out[i] = row[j]
			}
			return out
		}
		d.header = sorted(d.header)
		for i := range d.rows {
			d.rows[i] = sorted(d.rows[i])
		}
		return d.text()
	}},
	{"rows in another order", func(r *rand.Rand, d table) string {
		r.Shuffle(len(d.rows), func(i, j int) { d.rows[i], d.rows[j] = d.rows[j], d.rows[i] })
		return d.text()
	}},
	{"CRLF", func(_ *rand.Rand, d table) string { return strings.ReplaceAll(d.text(), "\n", "\r\n") }},
	{"a byte-order mark", func(_ *rand.Rand, d table) string { return "\ufeff" + d.text() }},
	{"no line end at the end", func(_ *rand.Rand, d table) string { return strings.TrimSuffix(d.text(), "\n") }},
	{"quotes around everything", func(_ *rand.Rand, d table) string {
		var b strings.Builder
		for _, row := range append([][]string{d.header}, d.rows...) {
			for i, v := range row {
				if i > 0 {
					b.WriteByte(',')
				}
				if v != "" {
					v = `"` + v + `"`
				}
				b.WriteString(v)
			}
			b.WriteByte('\n')
		}
		return b.String()
	}},
	{"zeros in front of numbers", func(r *rand.Rand, d table) string {
		return d.cell(r, "distance", func(v string) string { return "0" + v })
	}},
	{"ISO 8601 with T and Z", func(_ *rand.Rand, d table) string {
		return d.every("time_hour", func(v string) string { return strings.Replace(v, " ", "T", 1) + "Z" })
	}},
}
