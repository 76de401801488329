/* What is known of a program that prints results, and of its tests that run. */
#include "spans/printed_test.h"

#include <stdlib.h>

void printed_free(struct printed *printed)
{
	if (!printed)
		return;
	for (size_t i = 0; i < PRINTED_FLOWS; i++) {
		free(printed->tests[i].name);
		free(printed->tests[i].flow);
	}
	free(printed->doubtful);
	free(printed);
}
