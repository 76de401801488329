/* Which subcommand was asked for; without one it is a run. */
#include <string.h>

#include "base/util.h"
#include "cli/cmd_compare.h"
#include "cli/cmd_doctor.h"
#include "cli/cmd_report.h"
#include "cli/cmd_run.h"
#include "cli/cmd_span.h"
#include "run/privilege.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"run", cmd_run},       {"report", cmd_report}, {"compare", cmd_compare},
	{"doctor", cmd_doctor}, {"span", cmd_span},
};

int main(int argc, char **argv)
{
	privilege_hide();
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++)
		if (streq(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return cmd_run(argc, argv);
}
