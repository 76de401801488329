/* Gates, the user's limits on stalls ("cpu.max<100ms", "io.count<=10"): parses and evaluates them */
#include "answer/gate.h"

#include <errno.h>
#include <stdarg.h>

#include "base/duration.h"
#include "base/util.h"

#define SPACE " \t\r\n\f\v"

/* The name of a kind of gate; NULL: there is none. The caller frees it. A kind may have a dot ("also.cpu"). */
static char *kind_name(unsigned kind)
{
	if (kind < STALL_KINDS)
		return xstrdup(kind_catalog[kind].name);
	if (kind == GATE_ANY)
		return xstrdup("any");
	if (kind < GATE_WATCHED + STALL_KINDS)
		return kind_catalog[kind - GATE_WATCHED].watched_gate
			       ? xasprintf("also.%s", kind_catalog[kind - GATE_WATCHED].name)
			       : NULL;
	if (kind < GATE_CAUSE)
		return xstrdup(kind == GATE_LOST ? "lost" : "crowded");
	return cause_catalog[kind - GATE_CAUSE].blamed == BLAMED_NOBODY
		       ? NULL
		       : xstrdup(cause_catalog[kind - GATE_CAUSE].name);
}

static size_t list_kinds(char *ret_names[GATE_KIND_COUNT], unsigned ret_kinds[GATE_KIND_COUNT])
{
	size_t count = 0;

	for (unsigned kind = 0; kind < GATE_KIND_COUNT; kind++) {
		ret_names[count] = kind_name(kind);
		ret_kinds[count] = kind;
		count += ret_names[count] != NULL;
	}
	return count;
}

/* Hiccups and watched cgroups are not on the run's critical path. */
static bool has_share(unsigned kind)
{
	return kind != STALL_HICCUP && (kind < GATE_WATCHED || kind >= GATE_LOST);
}

static const char *const stat_names[] = {
	[GATE_STAT_COUNT] = "count", [GATE_STAT_MAX] = "max", [GATE_STAT_TOTAL] = "total",
	[GATE_STAT_P50] = "p50",     [GATE_STAT_P90] = "p90", [GATE_STAT_P99] = "p99",
	[GATE_STAT_SHARE] = "share",
};

/* A part of an expression, without a NUL at its end. */
struct token {
	const char *start;
	size_t len;
};

#define TOKEN_FMT        "%.*s"
#define TOKEN_ARG(token) (int)MIN((token).len, (size_t)INT16_MAX), (token).start

/* Takes the longest token at *cursor of bytes in set (with inverse: not in set); moves the cursor past it and past space. */
static struct token take(const char **cursor, const char *set, bool inverse)
{
	struct token token = {*cursor, inverse ? strcspn(*cursor, set) : strspn(*cursor, set)};

	*cursor += token.len;
	*cursor += strspn(*cursor, SPACE);
	return token;
}

/* The index of token in names, or -1. */
static int find_name(struct token token, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(names[i]) == token.len && memcmp(names[i], token.start, token.len) == 0)
			return (int)i;
	return -1;
}

/* "cpu, io or any" */
static char *list_names(const char *const *names, size_t n)
{
	char *list = xstrdup(names[0]);

	for (size_t i = 1; i < n; i++) {
		_cleanup_free_ char *shorter = list;

		list = xasprintf("%s%s%s", shorter, i + 1 < n ? ", " : " or ", names[i]);
	}
	return list;
}

static int reject(char **ret_message, const char *expression, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int reject(char **ret_message, const char *expression, const char *fmt, ...)
{
	_cleanup_free_ char *detail = NULL;
	va_list ap;

	va_start(ap, fmt);
	detail = xvasprintf(fmt, ap);
	va_end(ap);
	*ret_message = xasprintf("gate \"%s\": %s", expression, detail);
	return -EINVAL;
}

static int parse_kind(const char *expression, struct token token, struct gate *gate,
		      char **ret_name, char **ret_message)
{
	char *names[GATE_KIND_COUNT] = {0};
	unsigned kinds[GATE_KIND_COUNT];
	size_t count = list_kinds(names, kinds);
	int index = find_name(token, (const char *const *)names, count), r = 0;

	if (index < 0) {
		_cleanup_free_ char *known = list_names((const char *const *)names, count);

		r = reject(ret_message, expression,
			   "\"" TOKEN_FMT "\" is not a kind of stall or a cause; write %s",
			   TOKEN_ARG(token), known);
	} else {
		gate->kind = kinds[index];
		*ret_name = steal_ptr(names[index]);
	}
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	return r;
}

static int parse_name(const char *expression, struct token name, struct gate *gate,
		      char **ret_kind_name, char **ret_message)
{
	const char *dot = name.len ? memrchr(name.start, '.', name.len) : NULL;
	struct token kind, stat;
	int index, r;

	if (!dot)
		return reject(ret_message, expression,
			      "it must begin with KIND.STAT, as in \"cpu.max<100ms\"");
	kind = (struct token){name.start, (size_t)(dot - name.start)};
	stat = (struct token){dot + 1, name.len - kind.len - 1};

	r = parse_kind(expression, kind, gate, ret_kind_name, ret_message);
	if (r < 0)
		return r;
	index = find_name(stat, stat_names, ARRAY_SIZE(stat_names));
	if (index < 0) {
		_cleanup_free_ char *known = list_names(stat_names, ARRAY_SIZE(stat_names));

		return reject(ret_message, expression,
			      "\"" TOKEN_FMT "\" is not a statistic; write %s", TOKEN_ARG(stat),
			      known);
	}
	gate->stat = (enum gate_stat)index;
	if (gate->stat == GATE_STAT_SHARE && !has_share(gate->kind))
		return reject(ret_message, expression,
			      "\"" TOKEN_FMT
			      "\" has no share of the run's time; write max or total",
			      TOKEN_ARG(kind));
	return 0;
}

static int parse_operator(const char *expression, struct token name, struct token comparison,
			  struct gate *gate, char **ret_message)
{
	static const char *const operators[] = {"<", "<="};
	int index = find_name(comparison, operators, ARRAY_SIZE(operators));

	if (comparison.len == 0)
		return reject(ret_message, expression,
			      "\"" TOKEN_FMT "\" must be followed by < or <= and a limit, as in "
			      "\"cpu.max<100ms\"",
			      TOKEN_ARG(name));
	if (index < 0)
		return reject(ret_message, expression,
			      "\"" TOKEN_FMT "\" cannot be used; a gate says what must hold, with "
			      "< or <=",
			      TOKEN_ARG(comparison));
	gate->or_equal = index == 1;
	return 0;
}

#define PPM_PER_PERCENT UINT64_C(10000)

/* "5%" or "0.5 %", at most 100 %, in parts per million. */
static int parse_share(const char *value, uint64_t *ret_ppm)
{
	uint64_t whole = 0, fraction = 0, unit = PPM_PER_PERCENT;
	const char *s = value;

	for (; *s >= '0' && *s <= '9' && whole <= 100; s++)
		whole = whole * 10 + (uint64_t)(*s - '0');
	if (s == value)
		return -EINVAL;
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++) {
			unit /= 10;
			fraction += unit * (uint64_t)(*s - '0');
		}
	s += strspn(s, SPACE);
	if (!streq(s, "%"))
		return -EINVAL;
	*ret_ppm = whole * PPM_PER_PERCENT + fraction;
	return *ret_ppm > 100 * PPM_PER_PERCENT ? -ERANGE : 0;
}

static int parse_limit(const char *expression, const char *value, struct gate *gate,
		       char **ret_message)
{
	static const struct {
		int (*parse)(const char *value, uint64_t *ret);
		const char *missing, *wrong;
	} duration =
		{duration_parse, "a duration, as in 100ms",
		 "a duration; write a number and its unit (ns, us, ms, s, m or h), as in 100ms"},
	  count = {parse_u64, "a whole number", "a whole number; a count has no unit, as in 10"},
	  share = {parse_share, "a percentage, as in 5%", "a percentage; write it as in 5%"};
	__auto_type form = gate->stat == GATE_STAT_COUNT   ? &count
			   : gate->stat == GATE_STAT_SHARE ? &share
							   : &duration;
	int r = form->parse(value, &gate->limit);

	if (*value == '\0')
		return reject(ret_message, expression, "the limit is missing; write %s",
			      form->missing);
	if (r == -ERANGE) {
		reject(ret_message, expression, "\"%s\" is out of range", value);
		return r;
	}
	if (r < 0)
		return reject(ret_message, expression, "\"%s\" is not %s", value, form->wrong);
	if (gate->limit == 0 && !gate->or_equal)
		return reject(ret_message, expression,
			      "nothing is less than 0; write <=0 to allow no stall at all");
	return 0;
}

int gate_parse(const char *expression, struct gate *ret, char **ret_message)
{
	const char *cursor = expression + strspn(expression, SPACE);
	struct token name = take(&cursor, SPACE "<>=!", true);
	struct token comparison = take(&cursor, "<>=!", false);
	_cleanup_free_ char *value = xstrdup(cursor), *kind_name = NULL;
	struct gate gate = {0};
	int r;

	for (size_t n = strlen(value); n > 0 && strchr(SPACE, value[n - 1]); n--)
		value[n - 1] = '\0';

	r = parse_name(expression, name, &gate, &kind_name, ret_message);
	if (r == 0)
		r = parse_operator(expression, name, comparison, &gate, ret_message);
	if (r == 0)
		r = parse_limit(expression, value, &gate, ret_message);
	if (r < 0)
		return r;

	gate.expression = xasprintf("%s.%s%s%s", kind_name, stat_names[gate.stat],
				    gate.or_equal ? "<=" : "<", value);
	*ret = gate;
	return 0;
}

void gate_done(struct gate *gate)
{
	free(gate->expression);
	gate->expression = NULL;
}

static uint64_t stat_value(const struct gate_stats *stats, enum gate_stat stat)
{
	switch (stat) {
	case GATE_STAT_COUNT:
		return stats->count;
	case GATE_STAT_MAX:
		return stats->max_ns;
	case GATE_STAT_TOTAL:
		return stats->total_ns;
	case GATE_STAT_P50:
		return stats->p50_ns;
	case GATE_STAT_P90:
		return stats->p90_ns;
	case GATE_STAT_P99:
		return stats->p99_ns;
	case GATE_STAT_SHARE:
		return stats->share_ppm;
	}
	abort();
}

enum gate_result gate_evaluate(const struct gate *gate,
			       const struct gate_stats stats[GATE_KIND_COUNT], uint64_t *ret_actual)
{
	const struct gate_stats *of_kind = &stats[gate->kind];
	bool measured = gate->stat == GATE_STAT_SHARE ? of_kind->share_measured : of_kind->measured;
	uint64_t actual = measured ? stat_value(of_kind, gate->stat) : 0;
	bool held = gate->or_equal ? actual <= gate->limit : actual < gate->limit;

	if (ret_actual)
		*ret_actual = actual;
	if (!measured)
		return GATE_UNMEASURED;
	return held ? GATE_HELD : GATE_BREACHED;
}

const char *gate_unit(const struct gate *gate)
{
	return gate->stat == GATE_STAT_COUNT   ? "count"
	       : gate->stat == GATE_STAT_SHARE ? "ppm"
					       : "ns";
}
