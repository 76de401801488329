/* The disturbances of latwrap shake, and the words for them */
#pragma once

enum disturbance {
	DISTURB_PAUSE, /* all processes of the run stand still */
	DISTURB_STARVE, /* real-time load has the CPUs that the run may use */
	DISTURB_SERVICE, /* all processes of a service stand still */
	DISTURBANCES
};

extern const char *const disturbance_names[DISTURBANCES];
/* What happens to the run: "stands still" */
extern const char *const disturbance_words[DISTURBANCES];
