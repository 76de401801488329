/* Which process ran what is known to have run at a time: only if no other one can have */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/util.h"

struct off_cpu_table;
struct told_places;

/*
 * The processes of the run as off_cpu.h remembers them. Must be ended with told_places_free() before
 * the table.
 */
struct told_places *told_places_new(const struct off_cpu_table *table);
struct told_places *told_places_free(struct told_places *places);
DEFINE_CLEANUP(struct told_places *, told_places_free);

/*
 * Whether all that the run did from from_ns to until_ns was one thing: at from_ns each process of the run was the parent
 * of the next one, in a single line, and what began afterwards is below the last of them that lived until until_ns. Then
 * *ret_host_pid is the first of them, on whose critical path the others are. What runs tests beside each other, or a
 * build beside the tests, has no such line.
 */
bool told_place(struct told_places *places, uint64_t from_ns, uint64_t until_ns,
		uint32_t *ret_host_pid);
