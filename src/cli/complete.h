/* latwrap --complete: tells a shell how a command line may go on */
#pragma once

#include "cli/options.h"

/*
 * argv[1] and on are the words behind "latwrap", the last of them the one to complete, perhaps empty. Prints a line that
 * says what else to offer, and then words, each with a tab and what it means:
 *   words       nothing else
 *   files       names of files
 *   users       names of users
 *   command N   what the command line that begins with word N is completed to; 1 is the word after latwrap
 * Behind "--option=" it is the value that is completed. commands: as for help_print().
 */
void complete(const struct cli_command *const *commands, int argc, char **argv);
