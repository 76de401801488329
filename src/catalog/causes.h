/* The catalog of causes: names, words, kinds of stalls, blame and colours of each cause */
#pragma once

#include "catalog/blame.h"
#include "catalog/parts.h"

enum cause {
#define CAUSE(symbol, ...) CAUSE_##symbol,
#include "catalog/causes.def"
#undef CAUSE
	CAUSES
};

struct cause_facts {
	const char *name; /* in reports; the share of a stall is named NAME_ns */
	const char *words; /* "stolen by the hypervisor" */
	unsigned kinds; /* a bit for each enum stall_kind */
	enum blamed blamed;
	enum account_part
		part; /* of the same time in an account; PARTS: none, as nobody is to blame */
	const char *light, *dark; /* CSS colours for a light and for a dark page */
};
extern const struct cause_facts cause_catalog[CAUSES];
