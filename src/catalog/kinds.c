/* The kinds of stalls: what each is called, wherever it is shown */
#include "catalog/kinds.h"

const struct kind_facts kind_catalog[STALL_KINDS] = {
#define KIND(symbol, ...) [STALL_##symbol] = {__VA_ARGS__},
#include "catalog/kinds.def"
#undef KIND
};
