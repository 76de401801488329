/* Prints Markdown of a limited size: pieces and tables, as long as they fit */
#include "views/markdown/markdown_room.h"

#include <stdarg.h>

#define ROWS_OPEN 10 /* rows of a table before the rest is folded */

/* -- Room ------------------------------------------------------------------------------------------ */

FILE *markdown_begin(struct piece *piece)
{
	*piece = (struct piece){0};
	piece->out = open_memstream(&piece->text, &piece->size);
	return piece->out;
}

bool markdown_finish(struct markdown *md, struct piece *piece)
{
	bool fits;

	fclose(piece->out);
	fits = piece->size <= md->limit_bytes && md->used_bytes <= md->limit_bytes - piece->size;
	if (fits) {
		fwrite(piece->text, 1, piece->size, md->out);
		md->used_bytes += piece->size;
	}
	free(piece->text);
	return fits;
}

bool markdown_put(struct markdown *md, const char *fmt, ...)
{
	struct piece piece;
	va_list ap;

	if (!markdown_begin(&piece))
		return false;
	va_start(ap, fmt);
	vfprintf(piece.out, fmt, ap);
	va_end(ap);
	return markdown_finish(md, &piece);
}

void markdown_allow(struct markdown *md, size_t bytes)
{
	md->limit_bytes = MIN(md->used_bytes + bytes, (size_t)MARKDOWN_BYTES_MAX);
}

/* -- Tables ---------------------------------------------------------------------------------------- */

void markdown_put_table(struct markdown *md, const struct table *table)
{
	static const char folded_end[] = "\n</details>\n\n";
	/* The bytes that end the table */
	size_t keep = 300, wanted = MIN(table->rows, table->rows_max), shown = 0;
	char number[VIEW_COUNT_BYTES];
	bool folded = false;

	if (md->limit_bytes < md->used_bytes + keep || !markdown_put(md, "%s", table->head))
		return;
	md->limit_bytes -= keep;
	for (; shown < wanted; shown++) {
		struct piece piece;

		if (shown == ROWS_OPEN && wanted > ROWS_OPEN + 2) {
			if (!markdown_put(md, "\n<details><summary>%s more</summary>\n\n%s",
					  view_count(number, wanted - shown), table->head))
				break;
			folded = true;
		}
		if (!markdown_begin(&piece))
			break;
		table->print_row(md, table->userdata, shown, piece.out);
		fputs(" |\n", piece.out);
		if (!markdown_finish(md, &piece))
			break;
	}
	md->limit_bytes += keep;
	markdown_put(md, "%s", folded ? folded_end : "\n");
	if (table->rows_total > shown)
		markdown_put(md, "%s more %s are not shown here: see the report.\n\n",
			     view_count(number, table->rows_total - shown), table->what);
}
