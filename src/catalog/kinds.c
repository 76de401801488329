/* The catalog of kinds of stalls: the words for each kind in reports and views */
#include "catalog/kinds.h"

const struct kind_facts kind_catalog[STALL_KINDS] = {
#define KIND(symbol, ...) [STALL_##symbol] = {__VA_ARGS__},
#include "catalog/kinds.def"
#undef KIND
};
