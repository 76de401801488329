/* The causes of stalls: what each is called, of which kinds it is, and whose fault */
#pragma once

#include "catalog/blame.h"

enum cause {
#define CAUSE(symbol, ...) CAUSE_##symbol,
#include "catalog/causes.def"
#undef CAUSE
	CAUSES
};

struct cause_facts {
	const char *name; /* in reports; its share of a stall is NAME_ns */
	const char *words; /* "stolen by the hypervisor" */
	unsigned kinds; /* a bit for each enum stall_kind */
	enum blamed blamed;
	const char *light, *dark; /* colours on a light and on a dark page */
};
extern const struct cause_facts cause_catalog[CAUSES];
