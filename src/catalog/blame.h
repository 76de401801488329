/* The catalog of who can be to blame for stalls, with the words and the advice for each */
#pragma once

enum blamed {
	BLAMED_SELF,
	BLAMED_NEIGHBOUR,
	BLAMED_KERNEL,
	BLAMED_HYPERVISOR,
	BLAMED_QUOTA,
	BLAMED_BUDGET,
	BLAMED_INTERRUPTS,
	BLAMED_DISK,
	BLAMED_DISK_SELF,
	BLAMED_DISK_NEIGHBOUR,
	BLAMED_DISK_QUOTA,
	BLAMED_MEMORY,
	BLAMED_REMOTE,
	BLAMED_LOCK,
	BLAMED_UNEXPLAINED,
	BLAMED_COUNT,
	BLAMED_NOBODY = BLAMED_COUNT, /* the cause does not count in any sum */
};

struct blamed_facts {
	const char *name; /* in reports */
	const char *words; /* "other programs held the CPUs" */
	const char *advice; /* NULL: the data does not support any advice */
};
extern const struct blamed_facts blamed_catalog[BLAMED_COUNT];
