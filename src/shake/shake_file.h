/* What latwrap shake found, as JSON (docs/shake.schema.json): written, and read as untrusted input */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/util.h"
#include "catalog/shake.h"

void shake_print_json(const struct shake *shake, FILE *out);

/* Whether the file begins as shake_print_json() writes it, and not as a report of a run. */
bool shake_is_file(const char *path);
/* Returns 0, or -errno after a message. The caller ends *ret with shake_free(). */
int shake_load(const char *path, struct shake **ret);
/* The same for bytes in memory; name is for messages. */
int shake_parse(const char *data, size_t size_bytes, const char *name, struct shake **ret);
struct shake *shake_free(struct shake *shake);
DEFINE_CLEANUP(struct shake *, shake_free);
