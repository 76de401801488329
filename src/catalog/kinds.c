/* The kinds of stalls: what each is called, wherever it is shown */
#include "catalog/kinds.h"

#include <stddef.h>

const struct kind_facts kind_catalog[STALL_KINDS] = {
	[STALL_CPU] =
		{
			.name = "cpu",
			.heading = "CPU",
			.one = "wait for a CPU",
			.many = "waits for a CPU",
			.sum = "CPU stalls",
			.longest = "longest CPU stall",
			.group = "CPU stalls",
			.title = "waits for a CPU",
			.watched_gate = true,
		},
	[STALL_IO] =
		{
			.name = "io",
			.heading = "file",
			.one = "file operation",
			.many = "file operations",
			.sum = "file stalls",
			.longest = "longest file stall",
			.group = "file stalls",
			.title = NULL,
			.watched_gate = true,
		},
	[STALL_HICCUP] =
		{
			.name = "hiccup",
			.heading = "hiccup",
			.one = "pause of a CPU",
			.many = "pauses of a CPU",
			.sum = "pauses of a CPU",
			.longest = "longest pause of a CPU",
			.group = "pauses",
			.title = "CPU stands still",
			.watched_gate = false,
		},
};
