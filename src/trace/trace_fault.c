// SPDX-License-Identifier: MIT
/* Reads the faults that tests inject by LATWRAP_FAULT. */
#include "trace/trace_fault.h"

#include "base/util.h"

bool trace_has_fault(const char *faults, const char *kind, const char *name)
{
	_cleanup_free_ char *wanted = xasprintf("%s%s", kind, name);
	size_t length = strlen(wanted);

	while (faults && *faults) {
		size_t item = strcspn(faults, ",");

		if (item == length && strncmp(faults, wanted, length) == 0)
			return true;
		faults += item + (faults[item] == ',');
	}
	return false;
}
