/* What latwrap shake found, in words: as text for a terminal and as Markdown */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "catalog/shake.h"

/* "2 of 4 tests fail only when the run stands still". Not escaped; the caller frees it. */
char *shake_headline(const struct shake *shake);
/*
 * "bears 19.8ms (5 of 5), fails at 24ms (5 of 5)", or of a replay "failed 5 of 5 with its stalls, 0 of 5
 * without". The caller frees it.
 */
char *shake_sentence(const struct shake *shake, const struct shake_test *test);
/* "the command", or the name as escape() shows it. The caller frees it. */
char *shake_name(const struct shake_test *test, char *(*escape)(const char *text, size_t max));
/* "+612ms", the place in the test; empty: unknown. Returns buf. */
#define SHAKE_PLACE_BYTES 40
const char *shake_place(const struct shake_test *test, char buf[SHAKE_PLACE_BYTES]);
/* How it was done: seed, runs, time. The caller frees it. */
char *shake_effort(const struct shake *shake);

/* written_to: where the report is; NULL: nowhere. */
void shake_print_text(const struct shake *shake, bool color, const char *written_to, FILE *out);
void shake_print_markdown(const struct shake *shake, FILE *out);
