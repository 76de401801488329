/* What a session is asked to do: the words for its options */
#include "run/session_options.h"

const char *const leftovers_names[] = {
	[LEFTOVERS_LEAVE] = "leave",
	[LEFTOVERS_KILL] = "kill",
	[LEFTOVERS_WAIT] = "wait",
};
