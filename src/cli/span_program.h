/* latwrap span --program=KIND: run a test program of go, cargo or nextest, with its tests */
#pragma once

enum program_kind { PROGRAM_GO, PROGRAM_CARGO, PROGRAM_KINDS };
extern const char *const program_kind_names[PROGRAM_KINDS];

/* Runs command, with spans if it is a test program. Returns the exit status or does not return. */
int span_program(enum program_kind kind, char **command);
