/* Reads a JUnit file as untrusted input: its test cases, and where each has room for more */
#include "report/junit_file.h"

#include <errno.h>
#include <expat.h>
#include <limits.h>
#include <stdlib.h>

#include "base/log.h"
#include "report/load.h"
#include "report/xml_encoding.h"

struct parsing {
	struct junit_file *file;
	XML_Parser parser;
	const char *problem; /* why parsing stopped */
	const char *encoding; /* the name for expat; NULL: the file's own, or one that iconv knows */
	struct junit_suite *suites[JUNIT_DEPTH_MAX]; /* NULL for other elements */
	unsigned depth;
	size_t case_capacity;
	struct junit_case *open; /* the last of the cases; NULL: outside of a case */
	unsigned case_depth;
	struct junit_place *child; /* of the open case: the element open below it */
};

/* -- Elements -------------------------------------------------------------------------------------- */

static void refuse(struct parsing *parsing, const char *problem)
{
	parsing->problem = problem;
	XML_StopParser(parsing->parser, XML_FALSE);
}

static const char *local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

static const char *attribute(const char **attributes, const char *name)
{
	for (; *attributes; attributes += 2)
		if (streq(attributes[0], name))
			return attributes[1];
	return NULL;
}

static char *copy(const char *text)
{
	return text && *text ? xstrndup(text, JUNIT_NAME_BYTES) : NULL;
}

static struct junit_time take_time(const char **attributes)
{
	const char *text = attribute(attributes, "time");
	struct junit_time time = {0};

	time.is_known = text && junit_duration_parse(text, &time.duration);
	/* GoogleTest, the only one with this attribute, writes milliseconds without the zeros at their end. */
	if (attribute(attributes, "result"))
		time.duration.resolution_ns =
			MIN(time.duration.resolution_ns, (uint64_t)NSEC_PER_MSEC);
	time.is_wrong = text && !time.is_known;
	return time;
}

/* GoogleTest and CTest say so in an attribute only. */
static bool was_not_run(const char **attributes)
{
	static const char *const words[] = {"notrun", "disabled", "skipped", "ignored"};
	const char *status = attribute(attributes, "status");

	for (size_t i = 0; status && i < ARRAY_SIZE(words); i++)
		if (streq(status, words[i]))
			return true;
	return false;
}

static size_t tag_end(const struct parsing *parsing)
{
	return (size_t)XML_GetCurrentByteIndex(parsing->parser) +
	       (size_t)XML_GetCurrentByteCount(parsing->parser);
}

/* No other tag can end with these bytes: an attribute's value ends with a quote. */
static bool is_empty_tag(const struct parsing *parsing)
{
	const struct junit_file *file = parsing->file;
	size_t end = tag_end(parsing);

	return end >= 2 * file->unit && end <= file->size &&
	       file->data[end - 2 * file->unit + file->unit_at] == '/';
}

static void begin_suite(struct parsing *parsing, const char **attributes)
{
	struct junit_suite *suite = xcalloc(1, sizeof(*suite));

	suite->name = copy(attribute(attributes, "name"));
	for (unsigned i = parsing->depth; i-- && !suite->parent;)
		suite->parent = parsing->suites[i];
	suite->next = parsing->file->suites;
	parsing->file->suites = suite;
	parsing->suites[parsing->depth] = suite;
}

static void begin_case(struct parsing *parsing, const char *name, const char **attributes)
{
	struct junit_file *file = parsing->file;
	size_t prefix = (size_t)(local_name(name) - name);
	const char *line = attribute(attributes, "line");
	const char *timestamp = attribute(attributes, "timestamp");
	struct junit_case *test;

	if (file->case_count == JUNIT_CASES_MAX) {
		refuse(parsing, "has too many test cases");
		return;
	}
	if (prefix >= sizeof(file->prefix) ||
	    (file->case_count &&
	     (strlen(file->prefix) != prefix || !startswith(name, file->prefix)))) {
		refuse(parsing, "has test cases of several namespaces");
		return;
	}
	memcpy(file->prefix, name, prefix);
	if (file->case_count == parsing->case_capacity) {
		parsing->case_capacity = MAX(parsing->case_capacity * 2, (size_t)64);
		file->cases =
			xreallocarray(file->cases, parsing->case_capacity, sizeof(*file->cases));
	}
	test = &file->cases[file->case_count++];
	*test = (struct junit_case){
		.name = copy(attribute(attributes, "name")),
		.class_name = copy(attribute(attributes, "classname")),
		.file = copy(attribute(attributes, "file")),
		.tag_end = tag_end(parsing),
		.empty = is_empty_tag(parsing),
		.skipped = was_not_run(attributes),
		.duration = take_time(attributes),
	};
	test->has_timestamp = timestamp && junit_timestamp_parse(timestamp, &test->timestamp);
	/* A line number that no editor can show is not a line. */
	if (!line || parse_u64(line, &test->line) < 0 || test->line > INT32_MAX)
		test->line = 0;
	for (unsigned i = parsing->depth; i-- && !test->suite;)
		test->suite = parsing->suites[i];
	parsing->open = test;
	parsing->case_depth = parsing->depth;
}

/* https://maven.apache.org/surefire/maven-surefire-plugin/xsd/surefire-test-report.xsd */
static void take_try(struct junit_case *test, const char *own, const char **attributes)
{
	static const struct {
		const char *name;
		bool is_before, is_error;
	} elements[] = {{"flakyFailure", true, false},
			{"flakyError", true, true},
			{"rerunFailure", false, false},
			{"rerunError", false, true}};

	for (size_t i = 0; i < ARRAY_SIZE(elements); i++) {
		if (!streq(own, elements[i].name))
			continue;
		if (test->try_count == JUNIT_TRIES_MAX) {
			test->tries_dropped++;
			return;
		}
		test->tries = xreallocarray(test->tries, test->try_count + 1, sizeof(*test->tries));
		test->tries[test->try_count++] = (struct junit_try){
			elements[i].is_before, elements[i].is_error, take_time(attributes)};
	}
}

static void begin_child(struct parsing *parsing, const char *name, const char **attributes)
{
	/* The same name in another namespace is a different element. */
	const char *own = startswith(name, parsing->file->prefix);
	struct junit_place *place = NULL;

	if (own)
		take_try(parsing->open, own, attributes);
	if (own && streq(own, "error"))
		parsing->open->is_error = true;
	if (own && (streq(own, "failure") || streq(own, "error")))
		parsing->open->failed = true;
	else if (own && streq(own, "skipped"))
		parsing->open->skipped = true;
	else if (own && streq(own, "properties"))
		place = &parsing->open->properties;
	else if (own && streq(own, "system-out"))
		place = &parsing->open->output;
	if (!place || place->exists)
		return;
	place->exists = true;
	if (is_empty_tag(parsing)) {
		place->cut = 2 * parsing->file->unit;
		place->at = tag_end(parsing) - place->cut;
	} else {
		parsing->child = place;
	}
}

static void begin_element(void *context, const char *name, const char **attributes)
{
	struct parsing *parsing = context;
	const char *local = local_name(name), *property;

	if (parsing->depth == JUNIT_DEPTH_MAX) {
		refuse(parsing, "is nested too deeply");
		return;
	}
	parsing->suites[parsing->depth] = NULL;
	if (parsing->open && parsing->depth == parsing->case_depth + 1) {
		begin_child(parsing, name, attributes);
	} else if (parsing->open && streq(local, "property")) {
		property = attribute(attributes, "name");
		if (property && startswith(property, "latwrap."))
			parsing->open->has_ours = true;
	} else if (!parsing->open && streq(local, "testcase")) {
		begin_case(parsing, name, attributes);
	} else if (!parsing->open && streq(local, "testsuite")) {
		begin_suite(parsing, attributes);
	}
	parsing->depth++;
}

static void end_element(void *context, const char *name)
{
	struct parsing *parsing = context;
	size_t at = (size_t)XML_GetCurrentByteIndex(parsing->parser);

	(void)name;
	parsing->depth--;
	if (!parsing->open)
		return;
	if (parsing->depth == parsing->case_depth) {
		parsing->open->end = at;
		parsing->open = NULL;
	} else if (parsing->depth == parsing->case_depth + 1 && parsing->child) {
		parsing->child->at = at;
		parsing->child = NULL;
	}
}

static void begin_doctype(void *context, const char *name, const char *system_id,
			  const char *public_id, int has_declarations)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	if (has_declarations)
		refuse(context, "has declarations of its own in its DOCTYPE, which are not read");
}

/* -- The file -------------------------------------------------------------------------------------- */

/* https://www.w3.org/TR/xml/#sec-guessing: UTF-16 has a byte order mark, or begins with "<". */
static void find_unit(struct junit_file *file)
{
	const unsigned char *data = (const unsigned char *)file->data;

	file->unit = 1;
	if (file->size < 2)
		return;
	if ((data[0] == 0xff && data[1] == 0xfe) || (data[0] && !data[1])) {
		file->unit = 2;
	} else if ((data[0] == 0xfe && data[1] == 0xff) || (!data[0] && data[1])) {
		file->unit = 2;
		file->unit_at = 1;
	}
}

/*
 * Handles an encoding that expat does not know: stores a name that expat knows, or converts with
 * iconv.
 */
static int take_encoding(void *context, const XML_Char *name, XML_Encoding *ret)
{
	struct parsing *parsing = context;

	parsing->encoding = xml_encoding_known_as(name);
	return parsing->encoding ? XML_STATUS_ERROR : xml_encoding_handle(NULL, name, ret);
}

static void explain(const struct parsing *parsing)
{
	enum XML_Error code = XML_GetErrorCode(parsing->parser);
	struct junit_file *file = parsing->file;

	if (parsing->problem)
		file->problem = xstrdup(parsing->problem);
	else
		file->problem = xasprintf("cannot be read as XML: line %lu: %s",
					  XML_GetCurrentLineNumber(parsing->parser),
					  XML_ErrorString(code));
	file->is_cut = !parsing->problem &&
		       (code == XML_ERROR_NO_ELEMENTS || code == XML_ERROR_UNCLOSED_TOKEN ||
			code == XML_ERROR_PARTIAL_CHAR || code == XML_ERROR_UNCLOSED_CDATA_SECTION);
}

static void forget_case(struct junit_case *test)
{
	free(test->name);
	free(test->class_name);
	free(test->file);
	free(test->tries);
}

static void forget_cases(struct junit_file *file)
{
	while (file->suites) {
		struct junit_suite *suite = file->suites;

		file->suites = suite->next;
		free(suite->name);
		free(suite);
	}
	for (size_t i = 0; i < file->case_count; i++)
		forget_case(&file->cases[i]);
	free(file->cases);
	file->cases = NULL;
	file->case_count = 0;
}

/*
 * *encoding is the name for expat; NULL: the one that the file names. On an unknown encoding the
 * caller tries another one.
 */
static int parse(struct junit_file *file, const char **encoding)
{
	struct parsing *parsing = xcalloc(1, sizeof(*parsing));
	XML_Parser parser = XML_ParserCreate(*encoding);
	int r = 0;

	parsing->file = file;
	parsing->parser = parser;
	if (!parser) {
		file->problem = xstrdup("cannot be read: out of memory");
		free(parsing);
		return -ENOMEM;
	}
	XML_SetUserData(parser, parsing);
	XML_SetElementHandler(parser, begin_element, end_element);
	XML_SetStartDoctypeDeclHandler(parser, begin_doctype);
	XML_SetUnknownEncodingHandler(parser, take_encoding, parsing);
	/* Parses the file in one piece, so that no part is parsed twice. */
	if (XML_Parse(parser, file->data, (int)file->size, XML_TRUE) != XML_STATUS_OK)
		r = -EINVAL;
	*encoding = parsing->encoding;
	if (r < 0 && !*encoding)
		explain(parsing);
	/* What it had of its last case may lack the outcome. */
	if (r < 0 && parsing->open)
		forget_case(&file->cases[--file->case_count]);
	XML_ParserFree(parser);
	free(parsing);
	return r;
}

int junit_file_read(char *data, size_t size, struct junit_file *ret)
{
	const char *encoding = NULL;
	int r;

	_Static_assert(REPORT_FILE_BYTES_MAX <= INT_MAX, "what XML_Parse() takes at once");

	*ret = (struct junit_file){.data = data, .size = size};
	find_unit(ret);
	r = parse(ret, &encoding);
	if (r < 0 && encoding) {
		forget_cases(ret);
		r = parse(ret, &encoding);
	}
	if (r < 0 && !ret->is_cut)
		forget_cases(ret);
	return r;
}

/* Takes ownership of data. */
static int read_whole(char *data, size_t size, const char *name, struct junit_file *ret)
{
	int r = junit_file_read(data, size, ret);

	if (r < 0) {
		log_error("%s %s; the file stays as it is", name, ret->problem);
		forget_cases(ret);
	}
	return r;
}

int junit_file_parse(const char *data, size_t size, const char *name, struct junit_file *ret)
{
	char *own = xmalloc(size + 1);

	memcpy(own, data, size);
	own[size] = '\0';
	return read_whole(own, size, name, ret);
}

int junit_file_load(const char *path, struct junit_file *ret)
{
	char *data;
	size_t size;
	int r = report_read_file(path, &data, &size);

	*ret = (struct junit_file){0};
	return r < 0 ? r : read_whole(data, size, path, ret);
}

void junit_file_done(struct junit_file *file)
{
	forget_cases(file);
	free(file->problem);
	free(file->data);
	*file = (struct junit_file){0};
}
