/* The catalog of kinds of stalls: the words for each kind in reports and views */
#pragma once

#include <stdbool.h>

enum stall_kind {
#define KIND(symbol, ...) STALL_##symbol,
#include "catalog/kinds.def"
#undef KIND
	STALL_KINDS
};

struct kind_facts {
	const char *name; /* in reports, gates and metrics */
	const char *heading; /* of a list of such stalls: "file" */
	const char *one, *many; /* "wait for a CPU", "waits for a CPU" */
	const char *sum,
		*longest; /* of the metrics that are compared: "file stalls", "longest file stall" */
	const char *group; /* of the metrics of its causes: "file stalls: in the file system" */
	const char *title; /* "waits for a CPU": of one in a timeline; NULL: its operation and file */
	bool overlaps; /* with stalls of other kinds, which have the blame for that time */
	bool watched_gate; /* a gate can name watched cgroups: also.cpu */
};
extern const struct kind_facts kind_catalog[STALL_KINDS];
