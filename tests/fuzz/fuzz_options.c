/* Fuzzes cli/run_options: a command line, one word a line */
#include "cli/run_options.h"

#include "base/util.h"
#include "cli/cmd_run.h"
#include "fuzz.h"

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *string = fuzz_string(data, size);
	char *argv[WORDS_MAX + 2] = {(char *)"latwrap"};
	struct run_options options;
	int argc = 1;

	for (char *at = string; argc <= WORDS_MAX && at < string + size; argc++) {
		argv[argc] = at;
		at += strcspn(at, "\n");
		*at++ = '\0';
	}
	if (run_options_parse(&run_command, argc, argv, &options) == 0) {
		must_hold(options.session.argv > argv && *options.session.argv);
		must_hold(options.session.cpu || options.session.io);
		must_hold(options.session.cpu_threshold_ns && options.session.io_threshold_ns);
	}
	run_options_done(&options);
	return 0;
}
