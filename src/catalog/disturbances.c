/* The disturbances of latwrap shake, and the words for them */
#include "catalog/disturbances.h"

const char *const disturbance_names[DISTURBANCES] = {
	[DISTURB_PAUSE] = "pause",
	[DISTURB_SERVICE] = "service",
};

const char *const disturbance_words[DISTURBANCES] = {
	[DISTURB_PAUSE] = "the run stands still",
	[DISTURB_SERVICE] = "the service stands still",
};
