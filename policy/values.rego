# METADATA
# title: Values
# description: Guards that every check reads its values through. Rego orders text above numbers, so a comparison alone would let text pass a floor.
package linecook.checks

candidate := input.evidence.candidate

nanoseconds_per_day := ((24 * 60) * 60) * 1000000000

origin := input.evidence.origin

is_commit(text) if regex.match(`^([0-9a-f]{40}|[0-9a-f]{64})$`, text)

positive(x) if {
	is_number(x)
	x > 0
}

# instant is the time in nanoseconds since 1970, undefined for text that is no
# RFC 3339 time in UTC.
instant(text) := time.parse_rfc3339_ns(text) if endswith(text, "Z")

# short is a number for a message, to four decimals.
short(x) := round(x * 10000) / 10000
