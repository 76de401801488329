/* Write JSON to a stream value by value, without a tree in memory */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH_MAX 64

enum json_layout {
	JSON_COMPACT, /* in one line */
	/*
	 * One line for each field of the two outer levels, and for each row of a list there: for
	 * diff, grep and less.
	 */
	JSON_LINES,
};

struct json_level {
	bool is_object, spread;
	unsigned depth;
	size_t count;
};

/* Limits for a reader with little room; 0: no limit */
struct json_room {
	size_t text_bytes; /* limit of each text; "..." is added */
	/* Limit of each list inside more than whole_levels levels; callers ask json_items() */
	size_t items;
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
 * All text is written as valid UTF-8: invalid bytes become U+FFFD. Control and bidirectional
 * characters are escaped, for users who print JSON to a terminal, and so is "##", which begins
 * commands of some CI systems. key is the name of a member; NULL inside an array or for the
 * outermost value. The caller checks ferror(out).
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
/* Writes as many digits as needed; a value that is not finite becomes null. */
void json_put_number(struct json_writer *json, const char *key, double value);
void json_put_bool(struct json_writer *json, const char *key, bool value);
void json_put_null(struct json_writer *json, const char *key);
/* The member "tool" of each document: latwrap and its version */
void json_put_tool(struct json_writer *json);
/* Returns how many items of a list there is room for. Call this before opening the list. */
size_t json_items(const struct json_writer *json, size_t count);
/* Writes a value that is already JSON. */
void json_put_raw(struct json_writer *json, const char *key, const char *value);

/* Writes a string outside any writer. */
void json_print_text(const char *text, FILE *out);

/* Formats a time as RFC 3339 with ns, in UTC. Returns buf. */
#define JSON_TIME_BYTES 64
struct timespec;
const char *json_time(char buf[JSON_TIME_BYTES], const struct timespec *at);
