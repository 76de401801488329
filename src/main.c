/* Which command was asked for; without one it is a run. By the name of another tool it is a shim. */
#include <stdio.h>

#include "base/util.h"
#include "cli/cmd_compare.h"
#include "cli/cmd_doctor.h"
#include "cli/cmd_report.h"
#include "cli/cmd_run.h"
#include "cli/cmd_shake.h"
#include "cli/cmd_span.h"
#include "cli/cmd_start.h"
#include "cli/cmd_stop.h"
#include "cli/complete.h"
#include "cli/help.h"
#include "cli/shim.h"
#include "run/privilege.h"

static const struct cli_command *const commands[] = {
	&run_command,    &start_command,   &stop_command,
	&report_command, &compare_command, &shake_command,
	&doctor_command, &span_command,    NULL,
};

int main(int argc, char **argv)
{
	const struct cli_command *command = argc > 1 ? command_find(commands, argv[1]) : NULL;
	int status = shim(argv);

	if (status >= 0)
		return status;
	privilege_hide();
	if (argc > 1 && streq(argv[1], "--complete")) {
		complete(commands, argc - 1, argv + 1);
		return 0;
	}
	if (command) {
		argc--;
		argv++;
	} else {
		command = &run_command;
	}
	status = command->run(argc, argv);
	if (status == OPTIONS_HELP)
		help_print(command, commands, stdout);
	else if (status == OPTIONS_VERSION)
		puts("latwrap " LATWRAP_VERSION);
	return MAX(status, 0);
}
