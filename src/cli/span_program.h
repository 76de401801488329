/* latwrap span --program=KIND: a test program as go, cargo and nextest start it, with its tests */
#pragma once

/*
 * KIND is go or cargo. What is no test program is only run. Returns the exit status, or does not return.
 */
int span_program(const char *kind, char **command);
