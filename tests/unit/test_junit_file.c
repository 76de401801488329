/* Tests of report/junit_file: outcomes, durations and tries of the cases, and files that end too early */
#include "report/junit_file.h"

#include "base/util.h"
#include "tap.h"

static int parse(const char *text, struct junit_file *ret)
{
	return junit_file_read(xstrdup(text), strlen(text), ret);
}

/* A file with this case only */
static struct junit_file file_of(const char *attributes, const char *content)
{
	_cleanup_free_ char *text = xasprintf(
		"<testsuite><testcase name='a' %s>%s</testcase></testsuite>", attributes, content);
	struct junit_file file;

	okf(parse(text, &file) == 0 && file.case_count == 1, "%s", text);
	return file;
}

static void test_durations(void)
{
	static const struct {
		const char *attribute;
		bool known, wrong;
		uint64_t ns;
	} cases[] = {
		{"", false, false, 0},
		{"time='0'", true, false, 0},
		{"time='0.'", true, false, 0},
		{"time='1.5'", true, false, 1500000000},
		{"time='0.0000000019'", true, false, 2},
		{"time='1.2e-05'", true, false, 12000},
		{"time='1,234.5'", true, false, 1234500000000},
		{"time='1000000000'", true, false, 1000000000 * NSEC_PER_SEC},
		{"time='1000000001'", false, true, 0},
		{"time='1,5'", false, true, 0},
		{"time='-1'", false, true, 0},
		{"time='nan'", false, true, 0},
		{"time='inf'", false, true, 0},
		{"time='1e999'", false, true, 0},
		{"time='0x10'", false, true, 0},
		{"time='1s'", false, true, 0},
		{"time=' 1'", false, true, 0},
		{"time=''", false, true, 0},
		{"time='.'", false, true, 0},
		{"time='1.0000000000000000000000000000000000000000000000000000000000000000000'",
		 false, true, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct junit_file file = file_of(cases[i].attribute, "");
		const struct junit_time *time = &file.cases[0].duration;

		okf(time->is_known == cases[i].known && time->is_wrong == cases[i].wrong &&
			    time->duration.ns == cases[i].ns,
		    "%s: %" PRIu64, cases[i].attribute, time->duration.ns);
		junit_file_done(&file);
	}
}

static void test_outcomes(void)
{
	static const struct {
		const char *attributes, *content;
		bool failed, error, skipped;
	} cases[] = {
		{"", "", false, false, false},
		{"", "<failure/>", true, false, false},
		{"", "<error/>", true, true, false},
		{"", "<failure/><error/>", true, true, false},
		{"", "<skipped/>", false, false, true},
		{"", "<system-out><failure/></system-out>", false, false, false},
		{"", "<x:failure xmlns:x='u'/>", false, false, false},
		{"status='notrun' result='suppressed'", "", false, false, true},
		{"status='disabled'", "", false, false, true},
		{"status='run'", "", false, false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct junit_file file = file_of(cases[i].attributes, cases[i].content);
		const struct junit_case *test = &file.cases[0];

		okf(test->failed == cases[i].failed && test->is_error == cases[i].error &&
			    test->skipped == cases[i].skipped,
		    "%s %s", cases[i].attributes, cases[i].content);
		junit_file_done(&file);
	}
}

static void test_tries(void)
{
	struct junit_file file = file_of("", "<flakyFailure time='2'><stackTrace/></flakyFailure>"
					     "<flakyError/><rerunFailure/><rerunError time='x'/>");
	const struct junit_try *tries = file.cases[0].tries;

	is_u64(file.cases[0].try_count, 4);
	ok(!file.cases[0].failed);
	ok(tries[0].is_before && !tries[0].is_error);
	is_u64(tries[0].duration.duration.ns, 2 * NSEC_PER_SEC);
	ok(tries[1].is_before && tries[1].is_error && !tries[1].duration.is_known);
	ok(!tries[2].is_before && !tries[2].is_error);
	ok(!tries[3].is_before && tries[3].is_error && tries[3].duration.is_wrong);
	junit_file_done(&file);
}

static void test_many_tries(void)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct junit_file file;

	for (int i = 0; i < JUNIT_TRIES_MAX + 3; i++)
		fputs("<rerunFailure/>", out);
	fclose(out);
	file = file_of("", text);
	is_u64(file.cases[0].try_count, JUNIT_TRIES_MAX);
	is_u64(file.cases[0].tries_dropped, 3);
	junit_file_done(&file);
}

static void test_timestamps(void)
{
	static const struct {
		const char *text;
		bool known, has_zone;
		int64_t ns;
		uint64_t resolution_ns;
	} cases[] = {
		{"1970-01-02T00:00:00Z", true, true, 86400 * INT64_C(1000000000), NSEC_PER_SEC},
		{"1970-01-02T00:00:00", true, false, 86400 * INT64_C(1000000000), NSEC_PER_SEC},
		{"1970-01-02 00:00:00.25", true, false, 86400250000000, 10 * NSEC_PER_MSEC},
		{"1970-01-02T00:00:00.000250Z", true, true, 86400000250000, 1000},
		{"1970-01-02T00:00:00.0000000019Z", true, true, 86400000000001, 1},
		{"1970-01-02T05:45:00.000+05:45", true, true, 86400 * INT64_C(1000000000),
		 NSEC_PER_MSEC},
		{"1970-01-01T22:30:00-0130", true, true, 86400 * INT64_C(1000000000), NSEC_PER_SEC},
		{"1970-01-02", false, false, 0, 0},
		{"1970-01-02T00:00", false, false, 0, 0},
		{"1970-13-02T00:00:00", false, false, 0, 0},
		{"1969-01-01T00:00:00Z", false, false, 0, 0},
		{"9999-01-01T00:00:00Z", false, false, 0, 0},
		{"1970-01-02T00:00:00+1", false, false, 0, 0},
		{"1970-01-02T00:00:00+25:00", false, false, 0, 0},
		{"1970-01-02T00:00:00 UTC", false, false, 0, 0},
		{"Thu Jan  1 00:00:00 1970", false, false, 0, 0},
		{"", false, false, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct junit_timestamp got = {0};
		bool known = junit_timestamp_parse(cases[i].text, &got);

		okf(known == cases[i].known && got.has_zone == cases[i].has_zone &&
			    got.ns == cases[i].ns && got.resolution_ns == cases[i].resolution_ns,
		    "%s: %" PRId64, cases[i].text, got.ns);
	}
}

static void test_resolutions(void)
{
	static const struct {
		const char *attributes;
		uint64_t resolution_ns;
	} cases[] = {
		{"time='1'", NSEC_PER_SEC},
		{"time='0.25'", 10 * NSEC_PER_MSEC},
		{"time='0.250'", NSEC_PER_MSEC},
		{"time='2.5e-01'", 1},
		{"time='0.3' status='run' result='completed'", NSEC_PER_MSEC},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct junit_file file = file_of(cases[i].attributes, "");

		is_u64(file.cases[0].duration.duration.resolution_ns, cases[i].resolution_ns);
		junit_file_done(&file);
	}
}

/* The cases before the end count, the one that is open there does not: its failure may be what is missing. */
static void test_cut(void)
{
	static const char whole[] =
		"<testsuites><testsuite name='s'><testcase name='a'><failure>x</failure></testcase>"
		"<testcase name='b'><system-out><![CDATA[x]]></system-out></testcase></testsuite></testsuites>";
	const size_t first = (size_t)(strstr(whole, "<testcase name='b'") - whole);
	const size_t second = (size_t)(strstr(whole, "</testsuite>") - whole);

	for (size_t length = 0; length < strlen(whole); length++) {
		_cleanup_free_ char *text = xstrndup(whole, length);
		size_t expected = length < first ? 0 : length < second ? 1 : 2;
		struct junit_file file;
		int r = parse(text, &file);

		okf(r < 0 && file.is_cut && file.problem && file.case_count == expected,
		    "%zu bytes: %zu cases, %s", length, file.case_count,
		    file.problem ? file.problem : "");
		junit_file_done(&file);
	}
}

static void test_refused(void)
{
	static const char *const texts[] = {
		"hello",
		"{\"a\": 1}",
		"<a><testcase name='a'/></b>",
		"<a><testcase name='a'/></a><b/>",
		"<a><testcase name='&#27;'/></a>",
		"<a><testcase name='\x01'/></a>",
		"<a><testcase name='\xff'/></a>",
		"<?xml version='1.0' encoding='no-such'?><a><testcase name='a'/></a>",
		"<!DOCTYPE a [<!ENTITY b 'c'>]><a><testcase name='&b;'/></a>",
		"<!DOCTYPE a [<!ENTITY b SYSTEM '/etc/passwd'>]><a><testcase name='a'>&b;</testcase></a>",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct junit_file file;

		okf(parse(texts[i], &file) < 0 && !file.is_cut && file.problem && !file.case_count,
		    "%zu is refused", i);
		junit_file_done(&file);
	}
}

int main(void)
{
	test_durations();
	test_outcomes();
	test_timestamps();
	test_resolutions();
	test_tries();
	test_many_tries();
	test_cut();
	test_refused();
	return tap_done();
}
