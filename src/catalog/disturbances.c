/* The disturbances of latwrap shake, and the words for them */
#include "catalog/disturbances.h"

const char *const disturbance_names[DISTURBANCES] = {
	[DISTURB_PAUSE] = "pause",
	[DISTURB_STARVE] = "starve",
	[DISTURB_FILES] = "files",
	[DISTURB_SERVICE] = "service",
};

const char *const disturbance_words[DISTURBANCES] = {
	[DISTURB_PAUSE] = "the run stands still",
	[DISTURB_STARVE] = "real-time load has its CPUs",
	[DISTURB_FILES] = "files are slow",
	[DISTURB_SERVICE] = "the service stands still",
};
