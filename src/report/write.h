/* The report as JSON, in a form that people can read and compare */
#pragma once

#include <cjson/cJSON.h>
#include <stdio.h>
#include <sys/types.h>

struct report_target;

/*
 * Prints the report as UTF-8 JSON with a final newline: one line per field down to two levels,
 * one line per row (stall, process, file ...), so that diff, grep and less are of use. Straight
 * to out, without a copy in memory. Control and bidirectional characters are escaped, for those
 * who print a report to their terminal. The caller checks ferror(out).
 */
void report_print_json(const cJSON *report, FILE *out);

/* The same for any value, in one line without a newline, and for a string of any bytes. Nor does a
 * string contain "##", with which commands to some CI systems begin. NULL is null, or "". */
void report_print_json_value(const cJSON *value, FILE *out);
void report_print_json_string(const char *text, FILE *out);

/* The same to an open target (report/target.h), as often as needed. Returns 0, or -errno logged. */
int report_write_to(const cJSON *report, struct report_target *target);

/* Opens a target, writes to it and closes it; see there for uid and gid. */
int report_write(const cJSON *report, const char *path, uid_t uid, gid_t gid);
