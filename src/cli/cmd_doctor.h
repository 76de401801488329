/* latwrap doctor: what works on this machine, and what to do about what does not */
#pragma once

/* argv[0] is the word "doctor". Returns an exit status: 0 if a run would be fully measured, 1 if
 * partly, 2 if not at all, 125 for a wrong command line. */
int cmd_doctor(int argc, char **argv);
