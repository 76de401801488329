/* Run ctest or meson, and announce its tests to an outer latwrap first */
#include "cli/plan_run.h"

#include "base/util.h"
#include "run/nested.h"

int plan_run(enum plan_kind kind, const char *file, char *const *argv, struct span_client *client)
{
	const struct nested_options options = {.argv = argv, .file = file};
	uint64_t since_ns = now_ns(CLOCK_REALTIME);
	struct nested_result result;
	struct plan plan;

	plan_make(kind, file, argv, &plan);
	plan_announce(&plan, client);
	nested_run(&options, &result);
	plan_report(&plan, since_ns, client);
	plan_done(&plan);
	return result.status;
}
