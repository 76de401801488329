/* JSON as it is written: to a stream, value by value, never a tree in memory */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH_MAX 64

enum json_layout {
	JSON_COMPACT, /* in one line */
	/* A line for each field of the two outer levels, and for each row of a list there: for diff, grep and less. */
	JSON_LINES,
};

struct json_level {
	bool is_object, spread;
	unsigned depth;
	size_t count;
};

/* For who has little room; 0: all there is. */
struct json_room {
	size_t text_bytes; /* of each text; "..." is added */
	size_t items; /* of each list within more open levels than these, for who writes lists to heed */
	unsigned whole_levels;
};

struct json_writer {
	FILE *out;
	struct json_room room;
	enum json_layout layout;
	unsigned open;
	struct json_level levels[JSON_DEPTH_MAX];
};

/*
 * All text comes out as valid UTF-8, whatever it was: invalid bytes become U+FFFD; control and bidirectional characters
 * are escaped, for those who print JSON to their terminal, and "##", with which commands to some CI systems begin.
 * key: of a member; NULL within an array, or for the outermost value. The caller checks ferror(out).
 */
void json_writer_open(struct json_writer *json, FILE *out, enum json_layout layout);

void json_open_object(struct json_writer *json, const char *key);
void json_open_array(struct json_writer *json, const char *key);
void json_close(struct json_writer *json); /* the innermost object or array */

/* NULL becomes null. */
void json_put_text(struct json_writer *json, const char *key, const char *text);
/* Integers up to 2^53 are exact in JSON (RFC 8259, section 6); larger ones saturate there. */
void json_put_u64(struct json_writer *json, const char *key, uint64_t value);
void json_put_i64(struct json_writer *json, const char *key, int64_t value);
/* As many digits as it takes; what is not finite becomes null. */
void json_put_number(struct json_writer *json, const char *key, double value);
void json_put_bool(struct json_writer *json, const char *key, bool value);
void json_put_null(struct json_writer *json, const char *key);
/* How many of a list's items there is room for, which is not open yet. */
size_t json_items(const struct json_writer *json, size_t count);
/* JSON of the caller's own making. */
void json_put_raw(struct json_writer *json, const char *key, const char *value);

/* A string alone. */
void json_print_text(const char *text, FILE *out);

/* RFC 3339 with ns, UTC. Returns buf. */
#define JSON_TIME_BYTES 64
struct timespec;
const char *json_time(char buf[JSON_TIME_BYTES], const struct timespec *at);
