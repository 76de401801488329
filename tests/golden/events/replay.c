/* Plays a list of events, written as text, to the model and prints the report that comes of it. */
#include <ctype.h>
#include <errno.h>

#include "base/duration.h"
#include "base/util.h"
#include "events.h"
#include "model/record.h"
#include "report/build.h"
#include "report/load.h"
#include "report/write.h"
#include "spans/span_observer.h"

/*
 * replay EVENTS [STREAM]: the report goes to standard output, to STREAM what the model was given
 * (tests/fuzz/stream.h), which is where the fuzzer's first inputs come from.
 *
 * One event a line, "NAME KEY=VALUE ... FLAG ...". A value is a word or "quoted", with \xNN, \\ and
 * \" in it. Lines that begin with space add to the event above them. Times are offsets from the
 * start of the run. A key that nobody asks for is an error: a golden file must not be wrong silently.
 */

/* -- Lines --------------------------------------------------------------------------------------- */

void bad_line(const struct line *line, const char *what, const char *which)
{
	fprintf(stderr, "replay: line %u (%s): %s %s\n", line->number, line->name, what, which);
	exit(2);
}

static char *skip_space(char *at)
{
	while (isspace((unsigned char)*at))
		at++;
	return at;
}

/* Cuts the line up in place. */
static bool parse_line(char *text, struct line *line)
{
	char *at = skip_space(text);

	line->continues = at != text;
	line->count = 0;
	if (*at == '\0' || *at == '#')
		return false;
	line->name = at;
	at += strcspn(at, " \t\n");
	while (*at) {
		struct line_field *field = &line->fields[line->count];

		*at++ = '\0';
		at = skip_space(at);
		if (*at == '\0')
			break;
		if (line->count++ == FIELDS_MAX)
			bad_line(line, "too many fields", at);
		*field = (struct line_field){.key = at, .value = NULL};
		at += strcspn(at, "= \t\n");
		if (*at != '=')
			continue;
		*at++ = '\0';
		field->value = at;
		if (*at == '"') {
			field->value = ++at;
			while (*at != '"' && *at)
				at += *at == '\\' && at[1] ? 2 : 1;
			if (!*at)
				bad_line(line, "no end of", field->key);
			*at++ = '\0';
			if (!*at)
				break;
		} else {
			at += strcspn(at, " \t\n");
		}
	}
	return true;
}

static const struct line_field *find(struct line *line, const char *key)
{
	for (size_t i = 0; i < line->count; i++) {
		if (streq(line->fields[i].key, key)) {
			line->fields[i].used = true;
			return &line->fields[i];
		}
	}
	return NULL;
}

bool has(struct line *line, const char *key)
{
	return find(line, key);
}

bool flag(struct line *line, const char *key)
{
	const struct line_field *field = find(line, key);

	if (field && field->value)
		bad_line(line, "no value belongs to", key);
	return field;
}

static const char *value_of(struct line *line, const char *key)
{
	const struct line_field *field = find(line, key);

	if (field && !field->value)
		bad_line(line, "no value for", key);
	return field ? field->value : NULL;
}

/* NUL instead of each space if `words`, as argv has it. */
static struct bytes unescape(struct line *line, const char *value, bool words)
{
	struct bytes bytes = bytes_copy(value, strlen(value));
	char *to = bytes.data;

	for (const char *from = value; *from; from++) {
		unsigned code;

		if (*from == '\\' && sscanf(from, "\\x%2x", &code) == 1) {
			*to++ = (char)code;
			from += 3;
		} else if (*from == '\\') {
			*to++ = *++from;
		} else {
			*to++ = words && *from == ' ' ? '\0' : *from;
		}
		if (!*from)
			bad_line(line, "a torn escape in", value);
	}
	if (words)
		*to++ = '\0';
	bytes.size = (size_t)(to - bytes.data);
	return bytes;
}

struct bytes text(struct line *line, const char *key)
{
	const char *value = value_of(line, key);

	return value ? unescape(line, value, false) : (struct bytes){0};
}

struct bytes words(struct line *line, const char *key)
{
	const char *value = value_of(line, key);

	if (value && !*value)
		return bytes_copy("", 0);
	return value ? unescape(line, value, true) : (struct bytes){0};
}

char *string(struct line *line, const char *key)
{
	struct bytes bytes = text(line, key);

	if (bytes.data)
		bytes.data[bytes.size] = '\0';
	return bytes.data;
}

void comm(struct line *line, const char *key, char ret[COMM_BYTES])
{
	struct bytes bytes = text(line, key);

	memset(ret, 0, COMM_BYTES);
	if (bytes.size)
		memcpy(ret, bytes.data, MIN(bytes.size, (size_t)COMM_BYTES));
	bytes_done(&bytes);
}

int64_t number(struct line *line, const char *key, int64_t fallback)
{
	const char *value = value_of(line, key);
	char *end;
	int64_t result;

	if (!value)
		return fallback;
	result = (int64_t)(*value == '-' ? strtoll(value, &end, 0)
					 : (long long)strtoull(value, &end, 0));
	if (!*value || *end)
		bad_line(line, "no number for", key);
	return result;
}

uint64_t length(struct line *line, const char *key)
{
	const char *value = value_of(line, key);
	uint64_t ns = 0;

	if (value && duration_parse(value, &ns) < 0)
		bad_line(line, "no duration for", key);
	return ns;
}

uint64_t time_at(struct line *line, const char *key)
{
	return find(line, key) ? RUN_START_NS + length(line, key) : 0;
}

char *next_word(const char **cursor)
{
	size_t n = strcspn(*cursor, " ");
	char *word = n ? xstrndup(*cursor, n) : NULL;

	*cursor += n;
	*cursor += strspn(*cursor, " ");
	return word;
}

/* "1ms 20us": each in turn; false at the end. */
bool next_length(struct line *line, const char **cursor, uint64_t *ret_ns)
{
	_cleanup_free_ char *word = next_word(cursor);

	if (word && duration_parse(word, ret_ns) < 0)
		bad_line(line, "no duration:", word);
	return word;
}

const char *list(struct line *line, const char *key)
{
	const char *value = value_of(line, key);

	return value ? value : "";
}

unsigned choice(struct line *line, const char *key, const char *const *names, unsigned count)
{
	const char *value = value_of(line, key);

	for (unsigned i = 0; value && i < count; i++)
		if (names[i] && streq(names[i], value))
			return i;
	if (value)
		bad_line(line, "no such word:", value);
	return 0;
}

static void check_all_used(const struct line *line)
{
	for (size_t i = 0; i < line->count; i++)
		if (!line->fields[i].used)
			bad_line(line, "unknown or out of place:", line->fields[i].key);
}

/* -- What the machine would know ----------------------------------------------------------------- */

static char *find_name(const struct names *names, uint64_t id)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->list[i].id == id)
			return xstrdup(names->list[i].name);
	return NULL;
}

static char *mapped_file(void *context, uint32_t host_pid, uint64_t address,
			 const struct file_id *file)
{
	(void)host_pid;
	(void)file;
	return find_name(&((struct replay *)context)->mappings, address);
}

static char *cgroup_path(void *context, uint64_t id)
{
	return find_name(&((struct replay *)context)->cgroups, id);
}

static void kernel_symbols(void *context, const uint64_t *addresses, size_t count,
			   char (*ret)[SYMBOL_BYTES])
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *name =
			find_name(&((struct replay *)context)->functions, addresses[i]);

		if (name)
			memcpy(ret[i], name, MIN(strlen(name), (size_t)SYMBOL_BYTES - 1));
	}
}

struct model *replay_model(struct replay *replay)
{
	const struct model_resolvers resolvers = {
		.context = replay,
		.mapped_file = mapped_file,
		.cgroup_path = cgroup_path,
		.kernel_symbols = kernel_symbols,
	};

	if (!replay->model) {
		replay->model = model_new(&replay->limits, 5 * NSEC_PER_MSEC, 10 * NSEC_PER_MSEC,
					  &resolvers);
		spans_observe(replay->model);
		replay->model->hiccup_threshold_ns = 2 * NSEC_PER_MSEC;
	}
	return replay->model;
}

/* -- From the file to the report ------------------------------------------------------------------ */

static const struct handler *find_handler(const struct handler *handler, const struct line *line)
{
	for (; handler->name; handler++)
		if (streq(handler->name, line->name) && handler->continues == line->continues)
			return handler;
	return NULL;
}

static void handle(struct replay *replay, struct line *line)
{
	const struct handler *handler = find_handler(record_handlers, line);

	if (!handler)
		handler = find_handler(fact_handlers, line);
	if (!handler)
		bad_line(line, "unknown", line->continues ? "continuation" : "event");
	if (!line->continues)
		replay_flush(replay);
	handler->take(replay, line);
	check_all_used(line);
}

static void replay_file(struct replay *replay, const char *path)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_free_ char *buffer = NULL;
	struct line line = {0};
	size_t room = 0;

	if (!file) {
		fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	while (getline(&buffer, &room, file) > 0) {
		line.number++;
		if (parse_line(buffer, &line))
			handle(replay, &line);
	}
	replay_flush(replay);
	if (!replay->facts.argv)
		bad_line(&line, "the file has no", "run");
}

static void print_report(struct replay *replay)
{
	_cleanup_report_ struct report *report = NULL;
	struct verdict verdict;
	struct report_source source = {
		.model = replay_model(replay),
		.facts = &replay->facts,
		.verdict = &verdict,
		.complete = !replay->checkpoint,
		.exit_status = replay->exit_status,
	};

	verdict_reach(source.model, source.facts, &verdict);
	report = report_build(&source);
	/* A release must not change the golden files. */
	report->tool.version = "golden";
	report_print_json(report, stdout);
	verdict_done(&verdict);
}

int main(int argc, char **argv)
{
	struct replay replay;

	if (argc < 2 || argc > 3) {
		fputs("Usage: replay EVENTS [STREAM]\n", stderr);
		return 2;
	}
	replay_begin(&replay);
	if (argc > 2) {
		replay.stream = fopen(argv[2], "we");
		if (!replay.stream) {
			fprintf(stderr, "replay: %s: %s\n", argv[2], strerror(errno));
			return 2;
		}
	}
	replay_file(&replay, argv[1]);
	print_report(&replay);
	replay_end(&replay);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
