/* The catalog of causes: names, words, kinds of stalls, blame and colours of each cause */
#include "catalog/causes.h"

#include "catalog/kinds.h"

#define OF(kind) (1u << STALL_##kind)

const struct cause_facts cause_catalog[CAUSES] = {
#define CAUSE(symbol, name, words, kinds, blamed, light, dark, part) \
	[CAUSE_##symbol] = {name, words, kinds, BLAMED_##blamed, part, light, dark},
#include "catalog/causes.def"
#undef CAUSE
};
