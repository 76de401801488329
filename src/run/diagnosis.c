/* A diagnosis of this machine: a list of checks */
#include "run/diagnosis.h"

#include <stdlib.h>

#include "base/util.h"

const char *const check_status_names[] = {
	[CHECK_OK] = "ok",
	[CHECK_OPTIONAL_MISSING] = "optional-missing",
	[CHECK_MISSING] = "missing",
};

struct check *diagnosis_add(struct diagnosis *diagnosis, const char *name, enum check_status status,
			    char *detail, char *advice)
{
	struct check *check;

	diagnosis->checks = xreallocarray(diagnosis->checks, diagnosis->check_count + 1,
					  sizeof(*diagnosis->checks));
	check = &diagnosis->checks[diagnosis->check_count++];
	*check = (struct check){xstrdup(name), status, detail, advice, NULL};
	return check;
}

void diagnosis_done(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->check_count; i++) {
		struct check *check = &diagnosis->checks[i];

		free(check->name);
		free(check->detail);
		free(check->advice);
		free(check->log);
	}
	free(diagnosis->checks);
	*diagnosis = (struct diagnosis){0};
}
