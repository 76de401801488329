/* Find out when the tests of JUnit files ran, and in which process: only where nothing else is possible */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/facts.h"
#include "model/model.h"
#include "report/junit_file.h"
#include "spans/span_told.h"
#include "spans/told_place.h"

/* A case of a file, and what is known of its time */
struct placed_case {
	const struct junit_case *of;
	size_t file; /* the number of its file: all of its times are written in one way */
	bool is_known; /* the test has a name already, but it ran, too */
	struct told_time time;
};

/* How many of the cases, of which there is at least one, are of the same file as the first. */
size_t cases_of_file(const struct placed_case *cases, size_t count);
/* Sets the time of each case. cases: all of all files, those of one file together. */
void junit_place(struct placed_case *cases, size_t count, const struct run_facts *facts,
		 struct told_places *places);
