/* latwrap report: one or more report files as something to read */
#pragma once

/* argv[0] is the word "report". Returns an exit status: 0, 1 when a report could not be read or
 * the result not written, 2 for a wrong command line. */
int cmd_report(int argc, char **argv);

/* --color=WHEN for what goes to fd: 1 or 0, or -EINVAL unless WHEN is auto, always or never. auto
 * is yes on a terminal that is not TERM=dumb, unless NO_COLOR is set and not empty
 * (no-color.org). */
int cli_color(const char *when, int fd);

/* The columns of the terminal fd; 0 if it is none. */
unsigned int cli_width(int fd);
