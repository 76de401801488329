/* Fuzzes model/gate: an expression is refused with a message, or reads the same when read again */
#include "answer/gate.h"

#include <errno.h>

#include "base/util.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *string = fuzz_string(data, size), *message = NULL;
	struct gate gate = {0}, again = {0};
	int r = gate_parse(string, &gate, &message);

	if (r < 0) {
		must_hold((r == -EINVAL || r == -ERANGE) && message && !gate.expression);
		return 0;
	}
	must_hold(r == 0 && !message && gate.expression);
	must_hold(gate_parse(gate.expression, &again, &message) == 0);
	must_hold(streq(gate.expression, again.expression) && gate.kind == again.kind &&
		  gate.stat == again.stat && gate.or_equal == again.or_equal &&
		  gate.limit == again.limit);
	gate_done(&gate);
	gate_done(&again);
	return 0;
}
