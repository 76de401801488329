/* What latwrap shake found, as JSON (docs/shake.schema.json): written, and read as untrusted input */
#include "shake/shake_file.h"

#include <errno.h>

#include "base/log.h"
#include "report/load.h"
#include "report/write.h"

#define VERSION_KEY "shake_version"

void shake_print_json(const struct shake *shake, FILE *out)
{
	struct json_writer json;

	json_writer_open(&json, out, JSON_LINES);
	fields_put(&json, NULL, &shake_fields, shake);
	putc('\n', out);
}

bool shake_is_one(const cJSON *json)
{
	return cJSON_IsObject(json) && cJSON_GetObjectItemCaseSensitive(json, VERSION_KEY);
}

struct shake *shake_free(struct shake *shake)
{
	if (shake)
		arena_done(&shake->memory);
	free(shake);
	return NULL;
}

int shake_read(const cJSON *json, const char *name, struct shake **ret)
{
	const cJSON *version = cJSON_GetObjectItemCaseSensitive(json, VERSION_KEY);
	_cleanup_(shake_freep) struct shake *shake = xcalloc(1, sizeof(*shake));
	int r;

	if (cJSON_IsNumber(version) && version->valuedouble > SHAKE_VERSION) {
		log_error("%s: has " VERSION_KEY " %.15g, this latwrap reads up to %d: read it "
			  "with a newer one",
			  name, version->valuedouble, SHAKE_VERSION);
		return -EPROTONOSUPPORT;
	}
	r = fields_read(json, &shake_fields, name, &shake->memory, shake);
	if (r == 0)
		*ret = steal_ptr(shake);
	return r;
}
