/* Fuzzes shake/shake_file and its views: any bytes as what latwrap shake found */
#include "base/utf8.h"
#include "base/util.h"
#include "fuzz.h"
#include "shake/shake_compare.h"
#include "shake/shake_file.h"
#include "shake/shake_html.h"
#include "shake/shake_junit.h"
#include "shake/shake_words.h"

static void check_text(const struct shake *shake)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	must_hold(out);
	shake_print_text(shake, false, "latwrap-shake.json", out);
	fclose(out);
	must_hold(utf8_valid_len(text, size) == size);
	for (size_t i = 0; i < size; i++)
		must_hold((unsigned char)text[i] >= ' ' || text[i] == '\n');
	must_hold(!strstr(text, "##["));
}

/* What is written is read again. */
static void check_views(const struct shake *shake)
{
	_cleanup_(shake_freep) struct shake *again = NULL;
	_cleanup_free_ char *text = NULL, *views = NULL;
	size_t size, views_size;
	FILE *out = open_memstream(&text, &size);

	must_hold(out);
	shake_print_json(shake, out);
	fclose(out);
	must_hold(shake_parse(text, size, "fuzz", &again) == 0);
	out = open_memstream(&views, &views_size);
	must_hold(out);
	shake_print_html(shake, out);
	shake_print_junit(shake, out);
	fclose(out);
	must_hold(!strstr(views, "<script"));
	free(views);
	out = open_memstream(&views, &views_size);
	must_hold(out);
	/* In Markdown, names are in code spans. */
	shake_print_markdown(shake, out);
	shake_compare(shake, again, false, out);
	shake_compare_json(shake, again, out);
	fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *copy = fuzz_string(data, size);
	_cleanup_(shake_freep) struct shake *shake = NULL;

	if (shake_parse(copy, size, "fuzz", &shake) < 0)
		return 0;
	check_text(shake);
	check_views(shake);
	return 0;
}
