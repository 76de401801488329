/* The report as JSON, in a form that people can read and compare */
#pragma once

#include <stdio.h>

#include "base/json_writer.h"
#include "catalog/fields.h"

struct report_target;

/*
 * Prints the report as UTF-8 JSON with a final newline: one line per field down to two levels, one
 * line per row (stall, process, file ...), which suits diff, grep and less. Prints straight to out,
 * without a copy in memory. The caller checks ferror(out).
 */
void report_print_json(const struct report *report, FILE *out);

/*
 * Prints any row by the table of its fields: as an object, as all members of an object that is
 * open, or as one of them.
 */
void fields_put(struct json_writer *json, const char *key, const struct fields *fields,
		const void *row);
void fields_put_members(struct json_writer *json, const struct fields *fields, const void *row);
void field_put(struct json_writer *json, const char *key, const struct field *field,
	       const void *row);
/* Whether the field is neither null nor left out */
bool field_is_known(const struct field *field, const void *row);

/*
 * Writes the report to an open target (report/target.h), as often as needed. Returns 0, or -errno
 * after logging it.
 */
int report_write_to(const struct report *report, struct report_target *target);
