/* The catalog of parts of an account: where a test's time can go along its critical path */
#include "catalog/parts.h"

const struct part_facts part_catalog[PARTS] = {
#define PART(symbol, name, side, words, light, dark) \
	[PART_##symbol] = {name, SIDE_##side, words, light, dark},
#include "catalog/parts.def"
#undef PART
};

uint64_t parts_sum(const uint64_t ns[PARTS], enum part_side side)
{
	uint64_t sum_ns = 0;

	for (enum account_part part = 0; part < PARTS; part++)
		if (part_catalog[part].side == side)
			sum_ns += ns[part];
	return sum_ns;
}
