/* The causes of stalls: what each is called, of which kinds it is, and whose fault */
#include "catalog/causes.h"

#include "catalog/kinds.h"

#define OF_CPU    (1u << STALL_CPU)
#define OF_IO     (1u << STALL_IO)
#define OF_HICCUP (1u << STALL_HICCUP)

const struct cause_facts cause_catalog[CAUSES] = {
#define CAUSE(symbol, name, words, kinds, blamed, light, dark) \
	[CAUSE_##symbol] = {name, words, kinds, BLAMED_##blamed, light, dark},
#include "catalog/causes.def"
#undef CAUSE
};
