/* Fuzzes cli/options: a command line, one word a line */
#include "cli/options.h"

#include <getopt.h>

#include "base/util.h"
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
	/* getopt(3) may still be inside a cluster of options of the input before. */
	optind = 0;
	getopt(1, argv, "+");
	if (options_parse(argc, argv, &options) == OPTIONS_RUN) {
		must_hold(options.session.argv > argv && *options.session.argv);
		must_hold(options.session.cpu || options.session.io);
		must_hold(options.session.cpu_threshold_ns && options.session.io_threshold_ns);
	}
	options_done(&options);
	return 0;
}
