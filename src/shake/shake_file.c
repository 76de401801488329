/* What latwrap shake found, as JSON (docs/shake.schema.json): written, and read as untrusted input */
#include "shake/shake_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

bool shake_is_file(const char *path)
{
	static const char beginning[] = "{\n  \"" VERSION_KEY "\"";
	char found[sizeof(beginning) - 1];
	struct stat st;
	_cleanup_close_ int fd = -1;

	/* What is read from a pipe is gone: it must be a report. */
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, found, sizeof(found)) == (ssize_t)sizeof(found) &&
	       memcmp(found, beginning, sizeof(found)) == 0;
}

struct shake *shake_free(struct shake *shake)
{
	if (shake)
		arena_done(&shake->memory);
	free(shake);
	return NULL;
}

int shake_parse(const char *data, size_t size_bytes, const char *name, struct shake **ret)
{
	_cleanup_(shake_freep) struct shake *shake = xcalloc(1, sizeof(*shake));
	_cleanup_json_ cJSON *json = NULL;
	const cJSON *version;
	int r;

	json = report_parse_json(data, size_bytes, name, &r);
	if (!json)
		return r;
	version = cJSON_GetObjectItemCaseSensitive(json, VERSION_KEY);
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

int shake_load(const char *path, struct shake **ret)
{
	_cleanup_free_ char *data = NULL;
	size_t size = 0;
	int r = report_read_file(path, &data, &size);

	return r < 0 ? r : shake_parse(data, size, path, ret);
}
