/* Tests that a program only prints: takes its lines apart, and gives them to the form that it prints. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct lineage;
struct model;
struct record_results;

/*
 * The kernel tells which process writes, so output of other processes cannot be taken for that of the program. The program
 * and its tests share a process: a line counts only where the program can print it.
 *
 * TAP: the output begins with its version, its plan or its first test, numbers are consecutive, and there is more than
 * one write. A test lasts from one line to the next. If a number is not the next one, either line may be a test's own:
 * then the outcome is unknown, and no further test has a name.
 *
 * Others print the begin and the end of a test: a line counts if it is the last one that is written at once. A test begins
 * if none runs, in GoogleTest also only if its suite is announced, and ends with its own name. Of several ends, the last
 * one before the next test counts; without one, the outcome is unknown. A packet of subunit's second version is such a line.
 */
void printed_results(struct model *model, const struct record_results *record);
/* The process has ended, or executes another program. */
void printed_over(struct model *model, struct lineage *process, uint64_t time_ns, bool by_signal,
		  bool has_failed);
