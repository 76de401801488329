/* Whose fault stalls can be, in words, and what one can do about it */
#pragma once

enum blamed {
	BLAMED_SELF,
	BLAMED_NEIGHBOUR,
	BLAMED_KERNEL,
	BLAMED_HYPERVISOR,
	BLAMED_QUOTA,
	BLAMED_INTERRUPTS,
	BLAMED_DISK,
	BLAMED_MEMORY,
	BLAMED_REMOTE,
	BLAMED_LOCK,
	BLAMED_UNEXPLAINED,
	BLAMED_COUNT,
	BLAMED_NOBODY = BLAMED_COUNT, /* of a cause that is in no sum */
};

struct blamed_facts {
	const char *name; /* in reports */
	const char *words; /* "other programs held the CPUs" */
	const char *advice; /* NULL: the data supports none */
};
extern const struct blamed_facts blamed_catalog[BLAMED_COUNT];
