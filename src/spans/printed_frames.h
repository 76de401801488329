/* Tests that a program prints with their begin and their end: GoogleTest, cmocka, Boost.Test, Catch2, doctest, TeamCity, subunit. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct model;
struct printed;
struct printed_line;

/* Whether the line shows the form. It stays to be taken if it begins a test. */
bool printed_frames_decide(struct printed *printed);
void printed_frames_take(struct model *model, struct printed *printed, uint64_t time_ns,
			 bool is_last);
/* One line, or one packet, that was parsed */
void printed_frames_apply(struct model *model, struct printed *printed,
			  const struct printed_line *line, uint64_t time_ns);
/* Bytes are missing, in which a failure could be. */
void printed_frames_cut(struct printed *printed);
/* The program has ended. The exit status 0 shows that no test has failed. */
void printed_frames_over(struct model *model, struct printed *printed, bool is_exit_0);
