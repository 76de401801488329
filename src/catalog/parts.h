/* The catalog of parts of an account: where a test's time can go along its critical path (spans/account.h) */
#pragma once

#include <stdint.h>

enum account_part {
#define PART(symbol, ...) PART_##symbol,
#include "catalog/parts.def"
#undef PART
	PARTS
};

/* Whose time a part is. */
enum part_side {
	SIDE_OWN, /* the thread's work */
	SIDE_LOST, /* the machine took it */
	SIDE_CROWDED, /* the run's other threads, or its quota, took it */
	SIDE_ASLEEP, /* the thread waited for somebody, or for its own time-out */
	SIDE_UNCLEAR,
	SIDES
};

struct part_facts {
	const char *name; /* in reports; the sum is NAME_ns */
	enum part_side side;
	const char *words; /* after "it waited 360ms" or "it slept 360ms" */
	const char *light, *dark; /* CSS colours for a light and for a dark page */
};
extern const struct part_facts part_catalog[PARTS];

/* The sum of the parts of that side; ns is indexed by enum account_part. */
uint64_t parts_sum(const uint64_t ns[PARTS], enum part_side side);

/* Whether the thread was runnable and waited for a CPU; or slept in a file operation. */
static inline int part_is_cpu(enum account_part part)
{
	return part >= PART_CPU_INSIDE && part <= PART_CPU_IDLE;
}

static inline int part_is_io(enum account_part part)
{
	return part >= PART_IO_DEVICE && part <= PART_IO_UNKNOWN;
}
