/* latwrap span --program=KIND: a test program as go, cargo and nextest start it, with its tests */
#pragma once

enum program_kind { PROGRAM_GO, PROGRAM_CARGO, PROGRAM_KINDS };
extern const char *const program_kind_names[PROGRAM_KINDS];

/* What is no test program is only run. Returns the exit status, or does not return. */
int span_program(enum program_kind kind, char **command);
