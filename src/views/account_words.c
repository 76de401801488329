/* The account of a test in words: where its time went */
#include "views/account_words.h"

#include "base/duration.h"
#include "base/util.h"
#include "views/view.h"

#define LINE_PARTS 4

const char *account_verb(enum account_part part)
{
	if (part == PART_RUNNING)
		return "ran";
	return part_is_cpu(part) || part_is_io(part) ? "waited" : "slept";
}

size_t account_parts(const struct report_account *account, enum account_part ret[PARTS])
{
	size_t n = 0;

	for (enum account_part part = 0; part < PARTS; part++) {
		size_t at = n;

		if (!account->ns[part])
			continue;
		for (; at > 0 && account->ns[ret[at - 1]] < account->ns[part]; at--)
			ret[at] = ret[at - 1];
		ret[at] = part;
		n++;
	}
	return n;
}

char *account_line(const struct report_account *account)
{
	enum account_part parts[PARTS];
	size_t n = account ? account_parts(account, parts) : 0;
	char *line = NULL, time[DURATION_FORMAT_BYTES];
	uint64_t other_ns = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t ns = account->ns[parts[i]];
		char *longer;

		if (i >= LINE_PARTS || (i > 0 && ns < account->ns[parts[0]] / 100)) {
			other_ns = view_sum(other_ns, ns);
			continue;
		}
		longer = xasprintf("%s%s%s %s %s", line ? line : "", line ? ", " : "",
				   account_verb(parts[i]), duration_format(time, ns),
				   part_catalog[parts[i]].words);
		free(line);
		line = longer;
	}
	if (other_ns) {
		char *longer = xasprintf("%s, %s otherwise", line, duration_format(time, other_ns));

		free(line);
		line = longer;
	}
	return line;
}
