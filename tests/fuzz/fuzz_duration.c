/* Fuzzes base/duration: what is read can be printed, and what is printed can be read */
#include "base/duration.h"

#include <errno.h>

#include "base/util.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *string = fuzz_string(data, size);
	char text[DURATION_FORMAT_BYTES];
	uint64_t ns = 0x5a5a, again;
	int r = duration_parse(string, &ns);

	must_hold(r == 0 || ((r == -EINVAL || r == -ERANGE) && ns == 0x5a5a));
	if (r < 0)
		return 0;
	duration_format(text, ns);
	must_hold(strlen(text) < sizeof(text));
	/* Three digits: within half a percent, or a minute. */
	r = duration_parse(text, &again);
	must_hold(r == 0 || ns > UINT64_MAX - 60 * NSEC_PER_SEC);
	if (r == 0)
		must_hold((again > ns ? again - ns : ns - again) <= ns / 100);
	return 0;
}
