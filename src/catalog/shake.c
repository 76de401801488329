/* The words for what latwrap shake found */
#include "catalog/shake.h"

const char *const shake_status_names[SHAKE_STATUSES] = {
	[SHAKE_FAILS] = "fails",
	[SHAKE_UNSURE] = "unsure",
	[SHAKE_BEARS] = "bears",
	[SHAKE_FAILS_ANYWAY] = "fails-anyway",
	[SHAKE_NOT_REACHED] = "not-reached",
	[SHAKE_NOT_TRIED] = "not-tried",
};
