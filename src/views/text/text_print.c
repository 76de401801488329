/* Prints the parts of the text view: colours, sentences, lists */
#include "views/text/text_print.h"

#include <stdarg.h>

#include "base/util.h"

#define WIDTH_MIN      60u
#define SENTENCE_CHARS 500

void text_open(struct text *t, const struct named_reports *reports, FILE *out,
	       const struct text_options *options)
{
	unsigned int width = options->width ? options->width : TEXT_WIDTH_DEFAULT;

	*t = (struct text){
		.reports = reports,
		.report = reports->count == 1 ? reports->list[0].report : NULL,
		.out = out,
		.options = options,
		.width = MAX(width, WIDTH_MIN),
	};
	t->style = (struct view_style){
		.escape = view_escape_terminal,
		.name_columns = 32,
		.path_columns = MAX(t->width / 2, 30u),
	};
}

static void paint(const struct text *t, enum text_color color)
{
	static const char *const codes[] = {
		[PLAIN] = "\033[0m",      [BOLD] = "\033[1m",      [DIM] = "\033[2m",
		[GREEN] = "\033[1;32m",   [YELLOW] = "\033[1;33m", [RED] = "\033[1;31m",
		[MAGENTA] = "\033[1;35m",
	};

	if (t->options->color)
		fputs(codes[color], t->out);
}

void text_painted(const struct text *t, enum text_color color, const char *fmt, ...)
{
	va_list ap;

	paint(t, color);
	va_start(ap, fmt);
	vfprintf(t->out, fmt, ap);
	va_end(ap);
	paint(t, PLAIN);
}

void text_sentence(const struct text *t, enum text_color color, const char *lead,
		   const char *sentence)
{
	_cleanup_free_ char *safe = view_escape_terminal(sentence, SENTENCE_CHARS);

	text_painted(t, color, "%s: ", lead);
	fprintf(t->out, "%s\n", safe);
}

void text_list(const struct text *t, enum text_color color, const char *lead,
	       const struct texts *list)
{
	for (size_t i = 0; i < MIN(list->count, (size_t)TEXT_LIST_MAX); i++)
		text_sentence(t, color, lead, list->list[i]);
	if (list->count > TEXT_LIST_MAX)
		fprintf(t->out, "%s: %zu more in the report\n", lead, list->count - TEXT_LIST_MAX);
}

const char *text_plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}
