/* latwrap compare: two groups of reports, and whether they differ */
#pragma once

/* argv[0] is the word "compare". Returns an exit status: 0, 1 when a report could not be read or the
 * result not written, 2 for a wrong command line. */
int cmd_compare(int argc, char **argv);
