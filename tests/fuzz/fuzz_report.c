/* Fuzzes report/load and report/text: any bytes as a report; what is shown cannot move a cursor */
#include <inttypes.h>

#include "base/utf8.h"
#include "base/util.h"
#include "fuzz.h"
#include "report/load.h"
#include "views/text/text.h"
#include "views/text/text_several.h"
#include "views/view.h"
#include "report/write.h"

static void check_text(const char *text, size_t size)
{
	must_hold(utf8_valid_len(text, size) == size);
	for (size_t i = 0; i < size; i++)
		must_hold((unsigned char)text[i] >= ' ' || text[i] == '\n');
	must_hold(!strstr(text, "##[") && !strstr(text, "##vso["));
	must_hold(!strstr(text, "\n::") && !startswith(text, "::"));
}

/* What is written is a report again, and the same one. */
static void check_json(const struct report *report)
{
	_cleanup_free_ char *text = NULL, *text_again = NULL;
	_cleanup_report_ struct report *again = NULL;
	size_t size, size_again;
	FILE *out = open_memstream(&text, &size);

	must_hold(out);
	report_print_json(report, out);
	fclose(out);
	must_hold(utf8_valid_len(text, size) == size);
	must_hold(report_parse(text, size, "fuzz", &again) == 0);
	out = open_memstream(&text_again, &size_again);
	must_hold(out);
	report_print_json(again, out);
	fclose(out);
	must_hold(size == size_again && memcmp(text, text_again, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *copy = fuzz_string(data, size), *text = NULL;
	const struct text_options options = {
		.width = size % 3 * 60,
		.max_stalls = 5 + size % 5,
		.report_path = "latwrap.json",
	};
	_cleanup_report_ struct report *report = NULL;
	struct named_report twice[2];
	size_t text_size;
	FILE *out;

	if (report_parse(copy, size, "fuzz", &report) < 0)
		return 0;
	twice[0] = twice[1] = (struct named_report){.name = "::error::x", .report = report};
	out = open_memstream(&text, &text_size);
	must_hold(out);
	report_print_text(report, out, &options);
	report_print_text_several(&(struct named_reports){.list = twice, .count = 2}, out,
				  &options);
	fclose(out);
	check_text(text, text_size);
	check_json(report);
	return 0;
}
