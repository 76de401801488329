/* What latwrap shake found, as JSON (docs/shake.schema.json): written, and read as untrusted input */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/util.h"
#include "catalog/shake.h"

void shake_print_json(const struct shake *shake, FILE *out);

/* Whether this is what shake_print_json() wrote, and not a report of a run. */
bool shake_is_one(const cJSON *json);
/*
 * Reads the JSON of a file; name is for messages. Returns 0, or -errno after a message. The caller
 * ends *ret with shake_free().
 */
int shake_read(const cJSON *json, const char *name, struct shake **ret);
struct shake *shake_free(struct shake *shake);
DEFINE_CLEANUP(struct shake *, shake_free);
