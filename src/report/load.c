/* A report file, read as untrusted input into struct report */
#include "report/load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

/* -- Reading ----------------------------------------------------------------------------------- */

/* st_size is only a first guess: the file may be a pipe, or grow. */
int report_read_fd(int fd, char **ret, size_t *ret_size)
{
	_cleanup_free_ char *data = NULL;
	size_t size = 0, allocated = (size_t)64 * 1024;
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		if ((uint64_t)st.st_size > REPORT_FILE_BYTES_MAX)
			return -EFBIG;
		allocated = (size_t)st.st_size + 1;
	}
	data = xmalloc(allocated);

	for (;;) {
		ssize_t n;

		if (size == allocated) {
			allocated = MIN(allocated * 2, (size_t)REPORT_FILE_BYTES_MAX + 1);
			data = xrealloc(data, allocated);
		}
		n = read(fd, data + size, allocated - size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		size += (size_t)n;
		if (size > REPORT_FILE_BYTES_MAX)
			return -EFBIG;
	}
	*ret = steal_ptr(data);
	*ret_size = size;
	return 0;
}

int report_read_file(const char *path, char **ret, size_t *ret_size)
{
	const char *name = streq(path, "-") ? "standard input" : path;
	_cleanup_close_ int opened = -1;
	int fd = STDIN_FILENO, r;

	if (!streq(path, "-")) {
		opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (opened < 0)
			return log_errno(errno, "cannot open %s", name);
		fd = opened;
	}
	r = report_read_fd(fd, ret, ret_size);
	if (r == -EFBIG) {
		log_error("%s: larger than %" PRIu64 " MiB, not read", name,
			  REPORT_FILE_BYTES_MAX >> 20);
		return r;
	}
	return r < 0 ? log_errno(r, "cannot read %s", name) : 0;
}

int report_load(const char *path, struct report **ret)
{
	_cleanup_free_ char *data = NULL;
	size_t size = 0;
	int r = report_read_file(path, &data, &size);

	return r < 0 ? r
		     : report_parse(data, size, streq(path, "-") ? "standard input" : path, ret);
}

/* -- Fields ------------------------------------------------------------------------------------ */

#define EXACT_MAX   (INT64_C(1) << 53)
#define FOUND_CHARS 40
#define KEYS_MAX    64 /* of an object with any keys: more than the number of causes */
/* A report contains the reports of its earlier attempts, which contain no others. */
#define NESTED_MAX  1

/* Where a value is: below a key or in a list */
struct place {
	const struct place *above;
	const char *key; /* NULL: in a list, at index */
	size_t index;
};

struct reader {
	const char *name; /* of the file */
	struct arena *memory;
	unsigned nested; /* how many reports enclose this one */
};

/* "stalls[3].duration_ns" */
static void print_place(const struct place *place, FILE *out)
{
	if (place->above)
		print_place(place->above, out);
	if (!place->key)
		fprintf(out, "[%zu]", place->index);
	else
		fprintf(out, "%s%s", place->above ? "." : "", place->key);
}

static int refuse(const struct reader *reader, const struct place *place, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(const struct reader *reader, const struct place *place, const char *fmt, ...)
{
	_cleanup_free_ char *why = NULL, *where = NULL;
	size_t size;
	FILE *out = open_memstream(&where, &size);
	va_list ap;

	va_start(ap, fmt);
	why = xvasprintf(fmt, ap);
	va_end(ap);
	if (out && place)
		print_place(place, out);
	if (out)
		fclose(out);
	log_error("%s: not as latwrap writes it: %s %s", reader->name, where ? where : "", why);
	return -EINVAL;
}

static char *found(const cJSON *value)
{
	if (cJSON_IsString(value))
		return xasprintf("\"%.*s\"%s", FOUND_CHARS, value->valuestring,
				 strlen(value->valuestring) > FOUND_CHARS ? "..." : "");
	if (cJSON_IsNumber(value))
		return xasprintf("%.15g", value->valuedouble);
	return xstrdup(cJSON_IsArray(value)    ? "a list"
		       : cJSON_IsObject(value) ? "an object"
		       : cJSON_IsNull(value)   ? "null"
		       : cJSON_IsTrue(value)   ? "true"
					       : "false");
}

static int expected(const struct reader *reader, const struct place *place, const cJSON *value,
		    const char *what)
{
	_cleanup_free_ char *is = found(value);

	return refuse(reader, place, "is %s, not %s", is, what);
}

static int read_number(const struct reader *reader, const struct place *place, const cJSON *value,
		       double min, double max, bool whole, double *ret)
{
	double number = value->valuedouble;

	if (!cJSON_IsNumber(value) || (whole && isfinite(number) && trunc(number) != number))
		return expected(reader, place, value, whole ? "a whole number" : "a number");
	if (!(number >= min && number <= max))
		return refuse(reader, place, "is %.15g: out of range (%.0f to %.0f)", number, min,
			      max);
	*ret = number;
	return 0;
}

static int read_u64(const struct reader *reader, const struct place *place, const cJSON *value,
		    uint64_t max, uint64_t *ret)
{
	double number = 0;
	int r = read_number(reader, place, value, 0, max ? (double)max : (double)EXACT_MAX, true,
			    &number);

	*ret = (uint64_t)number;
	return r;
}

static int read_i64(const struct reader *reader, const struct place *place, const cJSON *value,
		    int64_t *ret)
{
	double number = 0;
	int r = read_number(reader, place, value, -(double)EXACT_MAX, (double)EXACT_MAX, true,
			    &number);

	*ret = (int64_t)number;
	return r;
}

static int read_bool(const struct reader *reader, const struct place *place, const cJSON *value,
		     bool *ret)
{
	if (!cJSON_IsBool(value))
		return expected(reader, place, value, "true or false");
	*ret = cJSON_IsTrue(value);
	return 0;
}

static int read_text(const struct reader *reader, const struct place *place, const cJSON *value,
		     const char **ret)
{
	if (!cJSON_IsString(value))
		return expected(reader, place, value, "a text");
	*ret = arena_copy(reader->memory, value->valuestring, strlen(value->valuestring));
	return 0;
}

static char *list_words(const struct words *words)
{
	char *list = xstrdup("one of");

	for (size_t i = 0; i < words->count; i++) {
		_cleanup_free_ char *shorter = list;
		const char *word = words_name(words, i);

		list = word ? xasprintf("%s %s", shorter, word) : xstrdup(shorter);
	}
	return list;
}

static int read_word(const struct reader *reader, const struct place *place, const cJSON *value,
		     const struct field *field, struct word *ret)
{
	_cleanup_free_ char *all = NULL;
	int r = read_text(reader, place, value, &ret->text);

	ret->value = -1;
	for (size_t i = 0; r == 0 && i < field->words->count; i++) {
		const char *word = words_name(field->words, i);

		if (word && streq(word, ret->text))
			ret->value = (int)i;
	}
	if (r < 0 || ret->value >= 0 || field->flags & FIELD_OPEN)
		return r;
	all = list_words(field->words);
	return expected(reader, place, value, all);
}

/* -- Lists and objects --------------------------------------------------------------------------- */

/* All lists in catalog/report.h begin like this. */
struct list {
	void *rows;
	size_t count;
};

static size_t count_children(const cJSON *list)
{
	size_t count = 0;

	for (const cJSON *child = list->child; child; child = child->next)
		count++;
	return count;
}

static int read_texts(const struct reader *reader, const struct place *place, const cJSON *value,
		      bool may_be_null, struct texts *ret)
{
	int r = 0;

	if (!cJSON_IsArray(value))
		return expected(reader, place, value, "a list");
	ret->list = arena_alloc(reader->memory, count_children(value), sizeof(*ret->list));
	for (const cJSON *item = value->child; item && r == 0; item = item->next) {
		const struct place at = {.above = place, .index = ret->count};

		if (!cJSON_IsNull(item) || !may_be_null)
			r = read_text(reader, &at, item, &ret->list[ret->count]);
		ret->count++;
	}
	return r;
}

static int read_buckets(const struct reader *reader, const struct place *place, const cJSON *value,
			struct list *ret)
{
	struct report_bucket *buckets;
	int r = 0;

	if (!cJSON_IsArray(value))
		return expected(reader, place, value, "a list");
	ret->rows = buckets = arena_alloc(reader->memory, count_children(value), sizeof(*buckets));
	for (const cJSON *pair = value->child; pair && r == 0; pair = pair->next) {
		const struct place at = {.above = place, .index = ret->count};
		struct report_bucket *bucket = &buckets[ret->count++];

		if (!cJSON_IsArray(pair) || count_children(pair) != 2)
			return expected(reader, &at, pair, "a pair of a time and a count");
		r = read_u64(reader, &(struct place){.above = &at, .index = 0}, pair->child, 0,
			     &bucket->lower_ns);
		if (r == 0)
			r = read_u64(reader, &(struct place){.above = &at, .index = 1},
				     pair->child->next, 0, &bucket->count);
	}
	return r;
}

static int read_object(struct reader *reader, const struct place *place, const cJSON *object,
		       const struct fields *fields, size_t first, void *row);

static int read_rows(struct reader *reader, const struct place *place, const cJSON *value,
		     const struct field *field, struct list *ret)
{
	int r = 0;

	if (!cJSON_IsArray(value))
		return expected(reader, place, value, "a list");
	ret->rows = arena_alloc(reader->memory, count_children(value), field->of->row_bytes);
	for (const cJSON *item = value->child; item && r == 0; item = item->next) {
		const struct place at = {.above = place, .index = ret->count};

		r = read_object(reader, &at, item, field->of, 0,
				(char *)ret->rows + ret->count++ * field->of->row_bytes);
	}
	return r;
}

static int read_map(struct reader *reader, const struct place *place, const cJSON *value,
		    const struct field *field, struct list *ret)
{
	int r = 0;

	if (!cJSON_IsObject(value))
		return expected(reader, place, value, "an object");
	if (count_children(value) > KEYS_MAX)
		return refuse(reader, place, "has more than %d members", KEYS_MAX);
	ret->rows = arena_alloc(reader->memory, count_children(value), field->of->row_bytes);
	for (const cJSON *item = value->child; item && r == 0; item = item->next) {
		const struct place at = {.above = place, .key = item->string};
		char *row = (char *)ret->rows + ret->count * field->of->row_bytes;

		/* If a key appears twice, the first one counts. */
		if (cJSON_GetObjectItemCaseSensitive(value, item->string) != item)
			continue;
		ret->count++;
		*(const char **)row =
			arena_copy(reader->memory, item->string, strlen(item->string));
		if (field->type == FIELD_NUMBERS)
			r = read_u64(reader, &at, item, 0,
				     (uint64_t *)(row + field->of->list[1].offset));
		else
			r = read_object(reader, &at, item, field->of, 1, row);
	}
	return r;
}

static int read_pointer(struct reader *reader, const struct place *place, const cJSON *value,
			const struct field *field, void **ret)
{
	bool is_report = field->of == &report_fields;
	int r;

	if (is_report && reader->nested == NESTED_MAX)
		return refuse(reader, place, "is a report within that of an attempt");
	reader->nested += is_report;
	*ret = arena_alloc(reader->memory, 1, field->of->row_bytes);
	r = read_object(reader, place, value, field->of, 0, *ret);
	reader->nested -= is_report;
	return r;
}

static int read_known(struct reader *reader, const struct place *place, const cJSON *value,
		      const struct field *field, void *to)
{
	switch (field->type) {
	case FIELD_U64:
		return read_u64(reader, place, value, field->max, to);
	case FIELD_OPTIONAL_U64:
		((struct optional_u64 *)to)->known = true;
		return read_u64(reader, place, value, field->max,
				&((struct optional_u64 *)to)->value);
	case FIELD_OPTIONAL_I64:
		((struct optional_i64 *)to)->known = true;
		return read_i64(reader, place, value, &((struct optional_i64 *)to)->value);
	case FIELD_BOOL:
		return read_bool(reader, place, value, to);
	case FIELD_OPTIONAL_BOOL:
		((struct optional_bool *)to)->known = true;
		return read_bool(reader, place, value, &((struct optional_bool *)to)->value);
	case FIELD_NUMBER:
		return read_number(reader, place, value, 0,
				   field->max ? (double)field->max : (double)EXACT_MAX, false, to);
	case FIELD_TEXT:
		return read_text(reader, place, value, to);
	case FIELD_TEXTS:
		return read_texts(reader, place, value, field->flags & FIELD_NULL, to);
	case FIELD_WORD:
		return read_word(reader, place, value, field, to);
	case FIELD_OBJECT:
		return read_object(reader, place, value, field->of, 0, to);
	case FIELD_POINTER:
		return read_pointer(reader, place, value, field, to);
	case FIELD_ROWS:
		return read_rows(reader, place, value, field, to);
	case FIELD_MAP:
	case FIELD_NUMBERS:
		return read_map(reader, place, value, field, to);
	case FIELD_BUCKETS:
		return read_buckets(reader, place, value, to);
	}
	abort();
}

static bool may_be_null(const struct field *field)
{
	return field->flags & FIELD_NULL || field->type == FIELD_OPTIONAL_U64 ||
	       field->type == FIELD_OPTIONAL_I64 || field->type == FIELD_OPTIONAL_BOOL ||
	       field->type == FIELD_POINTER;
}

static void set_unknown(const struct field *field, void *to)
{
	if (field->type == FIELD_NUMBER)
		*(double *)to = NAN;
	if (field->type == FIELD_WORD)
		((struct word *)to)->value = -1;
}

static const cJSON *find(const cJSON *from, const cJSON *end, const char *key)
{
	for (; from != end; from = from->next)
		if (from->string && streq(from->string, key))
			return from;
	return NULL;
}

/*
 * Reads the fields from index first on. Other members of the object belong to a later version, or
 * to nobody.
 */
static int read_object(struct reader *reader, const struct place *place, const cJSON *object,
		       const struct fields *fields, size_t first, void *row)
{
	const cJSON *next = object->child;

	if (!cJSON_IsObject(object))
		return expected(reader, place, object, "an object");
	for (size_t i = first; i < fields->count; i++) {
		const struct field *field = &fields->list[i];
		const struct place at = {.above = place, .key = field->name};
		void *to = (char *)row + field->offset;
		const cJSON *value = find(next, NULL, field->name);
		int r;

		/* The members mostly come in the order of the table. */
		if (!value)
			value = find(object->child, next, field->name);
		if (!value && !(field->flags & FIELD_ABSENT))
			return refuse(reader, &at, "is missing");
		if (!value || (cJSON_IsNull(value) && may_be_null(field))) {
			set_unknown(field, to);
			continue;
		}
		next = value->next;
		r = read_known(reader, &at, value, field, to);
		if (r < 0)
			return r;
	}
	return 0;
}

int fields_read(const cJSON *object, const struct fields *fields, const char *name,
		struct arena *memory, void *row)
{
	struct reader reader = {.name = name, .memory = memory};

	return read_object(&reader, NULL, object, fields, 0, row);
}

struct report *report_free(struct report *report)
{
	if (report) {
		arena_done(&report->memory);
		free(report);
	}
	return NULL;
}

/* -- Parsing ----------------------------------------------------------------------------------- */

void value_counter_add(struct value_counter *counter, const char *data, size_t size)
{
	/* Count the outermost value. */
	if (!counter->count)
		counter->count = 1;
	for (size_t i = 0; i < size; i++) {
		if (counter->in_escape)
			counter->in_escape = false;
		else if (data[i] == '\\')
			counter->in_escape = counter->in_string;
		else if (data[i] == '"')
			counter->in_string = !counter->in_string;
		else if (!counter->in_string)
			counter->count += data[i] == ',' || data[i] == '[' || data[i] == '{';
	}
}

static bool has_too_many_values(const char *data, size_t size)
{
	struct value_counter counter = {0};

	value_counter_add(&counter, data, size);
	return counter.count > REPORT_VALUES_MAX;
}

static bool is_json_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static cJSON *log_syntax_error(const char *data, size_t at, const char *name)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at; i++) {
		column++;
		if (data[i] == '\n') {
			line++;
			column = 1;
		}
	}
	log_error("%s: not a report: not JSON at line %zu, column %zu", name, line, column);
	return NULL;
}

static int check_version(const cJSON *report, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(report, "schema_version");
	uint64_t version = 0;

	/* A version that does not fit an integer is newer than this one. */
	if (cJSON_IsNumber(item) && item->valuedouble >= 1)
		version = item->valuedouble >= 0x1p64 ? UINT64_MAX : (uint64_t)item->valuedouble;
	if (!cJSON_IsObject(report) || version == 0) {
		log_error("%s: not a report of latwrap: it has no schema_version", name);
		return -EINVAL;
	}
	if (version > REPORT_SCHEMA_VERSION) {
		log_error("%s: has schema_version %" PRIu64 ", this latwrap reads up to %d: "
			  "read it with a newer one",
			  name, version, REPORT_SCHEMA_VERSION);
		return -EPROTONOSUPPORT;
	}
	return 0;
}

cJSON *report_parse_json(const char *data, size_t size_bytes, const char *name, int *ret_error)
{
	_cleanup_json_ cJSON *json = NULL;
	const char *end;
	size_t at = 0;

	*ret_error = -EINVAL;
	while (at < size_bytes && is_json_space(data[at]))
		at++;
	if (at == size_bytes) {
		log_error("%s: not a report: it is empty", name);
		return NULL;
	}
	/* cJSON takes a NUL for a blank, and a crash may leave whole blocks of NULs. */
	end = memchr(data, '\0', size_bytes);
	if (end)
		return log_syntax_error(data, (size_t)(end - data), name);
	if (has_too_many_values(data, size_bytes)) {
		log_error("%s: more than %" PRIu64 " values, not read", name, REPORT_VALUES_MAX);
		*ret_error = -EFBIG;
		return NULL;
	}

	json = cJSON_ParseWithLengthOpts(data, size_bytes, &end, false);
	at = end ? MIN((size_t)(end - data), size_bytes) : 0;
	if (!json)
		return log_syntax_error(data, at, name);
	while (at < size_bytes && is_json_space(data[at]))
		at++;
	if (at < size_bytes)
		return log_syntax_error(data, at, name);
	return steal_ptr(json);
}

int report_parse(const char *data, size_t size_bytes, const char *name, struct report **ret)
{
	_cleanup_report_ struct report *report = NULL;
	_cleanup_json_ cJSON *json = NULL;
	int r;

	json = report_parse_json(data, size_bytes, name, &r);
	if (!json)
		return r;
	r = check_version(json, name);
	if (r < 0)
		return r;
	report = xcalloc(1, sizeof(*report));
	r = fields_read(json, &report_fields, name, &report->memory, report);
	if (r < 0)
		return r;
	*ret = steal_ptr(report);
	return 0;
}
