/* Events as text: a line's fields, and what the lines of a file add up to. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "abi.h"
#include "answer/gate.h"
#include "model/facts.h"
#include "model/model.h"

#define FIELDS_MAX   48
#define RUN_START_NS UINT64_C(5000000000000) /* CLOCK_MONOTONIC */
#define RECORD_MAX   65536

struct line_field {
	char *key;
	const char *value; /* NULL: a flag */
	bool used;
};

struct line {
	unsigned number;
	bool continues; /* adds to the event above it */
	const char *name;
	size_t count;
	struct line_field fields[FIELDS_MAX];
};

struct names {
	size_t count;
	struct {
		uint64_t id;
		char *name;
	} list[64];
};

struct replay {
	struct model_limits limits;
	struct model *model; /* made with the first event: use replay_model() */
	struct run_facts facts;
	struct bytes command;
	struct gate gates[8];
	struct names cgroups, mappings, functions; /* functions: kernel addresses in use */
	bool checkpoint;
	int exit_status;
	FILE *stream; /* may be NULL */
	/* The record that continuation lines still add to. */
	size_t record_bytes; /* 0: none */
	unsigned parts;
	_Alignas(8) char record[RECORD_MAX];
};

/* All of these fail by a message and exit(2). A missing key is 0, NULL, false or empty. */
void bad_line(const struct line *line, const char *what, const char *which)
	__attribute__((noreturn));
bool flag(struct line *line, const char *key);
bool has(struct line *line, const char *key);
struct bytes text(struct line *line, const char *key);
struct bytes words(struct line *line, const char *key); /* each with its NUL */
char *string(struct line *line, const char *key);
void comm(struct line *line, const char *key, char ret[COMM_BYTES]);
int64_t number(struct line *line, const char *key, int64_t fallback);
uint64_t length(struct line *line, const char *key); /* a duration in ns */
uint64_t time_at(struct line *line, const char *key); /* CLOCK_MONOTONIC */
const char *list(struct line *line, const char *key);
/* The next word behind *cursor, which moves on; NULL at the end. The caller frees it. */
char *next_word(const char **cursor);
bool next_length(struct line *line, const char **cursor, uint64_t *ret_ns);
unsigned choice(struct line *line, const char *key, const char *const *names, unsigned count);

struct handler {
	const char *name;
	void (*take)(struct replay *replay, struct line *line);
	bool continues;
};
extern const struct handler fact_handlers[], record_handlers[]; /* the last of each has no name */

void replay_begin(struct replay *replay);
struct model *replay_model(struct replay *replay);
/* Gives the model the record that is pending. */
void replay_flush(struct replay *replay);
void replay_end(struct replay *replay);
