/* latwrap --complete: list the possible continuations of a command line, for a shell */
#pragma once

#include "cli/options.h"

/*
 * argv[1] and the following are the words after "latwrap"; the last one is the word to complete,
 * and may be empty. Prints a line that says what else to offer, then one word per line, each with a
 * tab and its meaning:
 *   words       nothing else
 *   files       names of files
 *   users       names of users
 *   command N   completions of the command line that begins with word N; 1 is the word after
 *   latwrap
 * After "--option=", completes the value. commands is as in help_print().
 */
void complete(const struct cli_command *const *commands, int argc, char **argv);
