/* The disturbances of latwrap shake, and the words for them */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum disturbance {
	DISTURB_PAUSE, /* all processes of the run stand still */
	DISTURB_STARVE, /* real-time load has the CPUs that the run may use */
	DISTURB_FILES, /* what the run opens and reads is answered late */
	DISTURB_SERVICE, /* all processes of a service stand still */
	DISTURBANCES
};

#define DISTURB_STEPS_MAX 64

/* When to disturb a test, from its begin on, and for how long */
struct disturb_steps {
	size_t count;
	struct {
		uint64_t offset_ns, length_ns;
	} list[DISTURB_STEPS_MAX];
};

extern const char *const disturbance_names[DISTURBANCES];
/* What happens to the run: "stands still" */
extern const char *const disturbance_words[DISTURBANCES];
