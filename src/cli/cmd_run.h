/* latwrap [OPTION]... COMMAND: run, judge, report. */
#pragma once

/* argv[0] is the program's name. Returns the exit status. */
int cmd_run(int argc, char **argv);
