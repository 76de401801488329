/* The search for a test's margin: which length to try next, from what the tries so far have shown */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MARGIN_LENGTHS_MAX 128
#define MARGIN_SHORTEST_NS UINT64_C(1000000)

/* The lengths that can be tried, in ascending order, each about a tenth longer than the one before */
struct margin_ladder {
	uint64_t ns[MARGIN_LENGTHS_MAX];
	int count;
	unsigned tries; /* that show that a length fails, or that it is borne */
};

/*
 * exact_ns (0: none) becomes one of the lengths. longest_ns is at least MARGIN_SHORTEST_NS. is_search
 * false: longest_ns is the only length.
 */
void margin_ladder_make(uint64_t longest_ns, uint64_t exact_ns, unsigned tries, bool is_search,
			struct margin_ladder *ret);

struct margin_tries {
	unsigned count, failed;
};

/* What the tries of one test have shown, by length. Starts zeroed. */
struct margin {
	struct margin_tries tries[MARGIN_LENGTHS_MAX];
	/*
	 * While no try has failed, each try of the longest length is at another place in the test.
	 * From the first failure on, a search stays at its place.
	 */
	bool has_place;
	unsigned passed_elsewhere; /* tries before, at other places */
};

/* Indexes into the ladder; -1: none */
struct margin_result {
	int bears; /* the longest length that never failed, with none below it that did */
	int fails; /* the shortest length that failed in most tries */
};

/* Returns the index of the length to try next; -1: the tries suffice. */
int margin_next(const struct margin *margin, const struct margin_ladder *ladder);
void margin_note(struct margin *margin, const struct margin_ladder *ladder, int length,
		 bool failed);
struct margin_result margin_read(const struct margin *margin, const struct margin_ladder *ladder);
