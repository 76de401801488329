/* The catalog of parts of an account: where a test's time can go along its critical path */
#include "catalog/parts.h"

const struct part_facts part_catalog[PARTS] = {
#define PART(symbol, name, side, words, light, dark) \
	[PART_##symbol] = {name, SIDE_##side, words, light, dark},
#include "catalog/parts.def"
#undef PART
};
