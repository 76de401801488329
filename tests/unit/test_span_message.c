/* Tests of spans/span_message: which messages are accepted, and which are refused */
#include "spans/span_message.h"

#include "base/util.h"
#include "tap.h"

static int parse(const char *json, struct span_message *ret)
{
	return span_message_parse(json, strlen(json), ret);
}

static void test_all_fields(void)
{
	struct span_message message;

	is_int(parse("{\"v\":1,\"event\":\"begin\",\"id\":\"i\",\"parent\":\"p\",\"name\":\"n\\n\\\"<b>\\ud83d\\ude00\","
		     "\"runner\":\"r\",\"file\":\"f\",\"worker\":\"w\",\"line\":12,\"attempt\":2,\"tid\":77,\"pid\":78,"
		     "\"time_ns\":123456789012345678,\"unsent\":4,\"phase\":\"setup\",\"new\":[{}]}",
		     &message),
	       0);
	is_int(message.event, SPAN_BEGIN);
	is_str(message.id, "i");
	is_str(message.parent, "p");
	is_str(message.name, "n\n\"<b>\xf0\x9f\x98\x80");
	is_str(message.runner, "r");
	is_str(message.file, "f");
	is_str(message.worker, "w");
	is_int(message.line, 12);
	is_int(message.attempt, 2);
	is_int(message.tid, 77);
	is_int(message.pid, 78);
	is_u64(message.time_ns, 123456789012345680);
	is_u64(message.unsent, 4);
	is_int(message.phase_count, 1);
	is_str(message.phases[0].name, "setup");
	span_message_done(&message);

	is_int(parse("{\"v\":1,\"event\":\"end\",\"id\":\"i\",\"outcome\":\"odd\",\"cpu_time_ns\":0,\"failed_ns\":7,"
		     "\"phases\":[[\"a\",1],[\"b\"],7,[1,2],[\"\",3],[\"c\",-1],[\"d\",4]]}",
		     &message),
	       0);
	is_int(message.outcome, SPAN_UNKNOWN);
	ok(message.has_cpu_time);
	is_u64(message.failed_ns, 7);
	is_int(message.phase_count, 2);
	span_message_done(&message);
}

/* Bytes that are not UTF-8 are also names. */
static void test_bytes(void)
{
	struct span_message message;

	is_int(parse("{\"v\":1,\"event\":\"begin\",\"id\":\"\xff\",\"name\":\"\xff\xfe\"}",
		     &message),
	       0);
	is_str(message.name, "\xff\xfe");
	span_message_done(&message);
}

static void test_refused(void)
{
	static const char *const bad[] = {
		"",
		"{",
		"nothing",
		"[]",
		"null",
		"{}",
		"\xff\xfe",
		"{\"v\":2,\"event\":\"begin\",\"id\":\"i\",\"name\":\"n\"}",
		"{\"v\":\"1\",\"event\":\"begin\",\"id\":\"i\",\"name\":\"n\"}",
		"{\"v\":1,\"event\":\"start\",\"id\":\"i\",\"name\":\"n\"}",
		"{\"v\":1,\"event\":7,\"id\":\"i\",\"name\":\"n\"}",
		"{\"v\":1,\"event\":\"begin\",\"name\":\"n\"}",
		"{\"v\":1,\"event\":\"begin\",\"id\":\"i\"}",
		"{\"v\":1,\"event\":\"begin\",\"id\":7,\"name\":\"n\"}",
		"{\"v\":1,\"event\":\"end\"}",
		"{\"v\":1,\"event\":\"end\",\"id\":\"\"}",
		"{\"v\":1,\"event\":\"span\",\"name\":\"n\"}",
		"{\"v\":1,\"event\":\"begin\",\"id\":\"i\",\"name\":\"\\ud800\"}",
	};
	struct span_message message;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		okf(parse(bad[i], &message) < 0, "refused: case %zu", i);
		span_message_done(&message);
	}
}

static void test_numbers(void)
{
	static const char *const odd[] = {"-1",   "1e300", "-1e300",     "\"7\"",
					  "null", "{}",    "4294967296", "1e19"};
	struct span_message message;

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		_cleanup_free_ char *json = xasprintf(
			"{\"v\":1,\"event\":\"begin\",\"id\":\"i\",\"name\":\"n\",\"line\":%s,\"pid\":%s}",
			odd[i], odd[i]);

		okf(parse(json, &message) == 0 && message.line == 0 && message.pid == 0,
		    "%s is not given", odd[i]);
		span_message_done(&message);
	}
}

static void test_sizes(void)
{
	static char text[SPAN_MESSAGE_BYTES + 100];
	_cleanup_free_ char *long_id = NULL;
	struct span_message message;
	int length;

	memset(text, '[', sizeof(text));
	ok(span_message_parse(text, SPAN_MESSAGE_BYTES, &message) < 0);
	span_message_done(&message);
	length = snprintf(text, sizeof(text),
			  "{\"v\":1,\"event\":\"begin\",\"id\":\"i\",\"name\":\"");
	memset(text + length, 'x', sizeof(text) - (size_t)length);
	memcpy(text + SPAN_MESSAGE_BYTES - 2, "\"}", 2);
	is_int(span_message_parse(text, SPAN_MESSAGE_BYTES, &message), 0);
	span_message_done(&message);
	memcpy(text + SPAN_MESSAGE_BYTES - 1, "\"}", 2);
	ok(span_message_parse(text, SPAN_MESSAGE_BYTES + 1, &message) < 0);
	span_message_done(&message);
	/* Truncated, as a datagram that was too long. */
	for (size_t size = 0; size < 60; size++) {
		okf(span_message_parse(text, size, &message) < 0, "%zu bytes of it", size);
		span_message_done(&message);
	}
	memset(text, 'x', SPAN_ID_BYTES + 1);
	text[SPAN_ID_BYTES + 1] = '\0';
	long_id = xasprintf("{\"v\":1,\"event\":\"end\",\"id\":\"%s\"}", text);
	ok(parse(long_id, &message) < 0);
	span_message_done(&message);
	/* The end of the datagram is not the end of the string. */
	ok(span_message_parse("{\"v\":1,\"event\":\"end\",\"id\":\"i\"}", 20, &message) < 0);
	span_message_done(&message);
}

int main(void)
{
	test_all_fields();
	test_bytes();
	test_refused();
	test_numbers();
	test_sizes();
	return tap_done();
}
