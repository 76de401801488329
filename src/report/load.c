/* A report file, read as untrusted input */
#include "report/load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

/* -- Reading ----------------------------------------------------------------------------------- */

/* Reads to the end of fd, or fails with -EFBIG. st_size is only a first guess: the file may be a
 * pipe, or grow. */
static int read_bounded(int fd, char **ret, size_t *ret_size)
{
	_cleanup_free_ char *data = NULL;
	size_t size = 0, allocated = (size_t)64 * 1024;
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		if ((uint64_t)st.st_size > REPORT_FILE_BYTES_MAX)
			return -EFBIG;
		allocated = (size_t)st.st_size + 1;
	}
	data = xmalloc(allocated);

	for (;;) {
		ssize_t n;

		if (size == allocated) {
			allocated = MIN(allocated * 2, (size_t)REPORT_FILE_BYTES_MAX + 1);
			data = xrealloc(data, allocated);
		}
		n = read(fd, data + size, allocated - size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		size += (size_t)n;
		if (size > REPORT_FILE_BYTES_MAX)
			return -EFBIG;
	}
	*ret = steal_ptr(data);
	*ret_size = size;
	return 0;
}

int report_read_file(const char *path, char **ret, size_t *ret_size)
{
	const char *name = streq(path, "-") ? "standard input" : path;
	_cleanup_close_ int opened = -1;
	int fd = STDIN_FILENO, r;

	if (!streq(path, "-")) {
		opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (opened < 0)
			return log_errno(errno, "cannot open %s", name);
		fd = opened;
	}
	r = read_bounded(fd, ret, ret_size);
	if (r == -EFBIG) {
		log_error("%s: larger than %" PRIu64 " MiB, not read", name,
			  REPORT_FILE_BYTES_MAX >> 20);
		return r;
	}
	return r < 0 ? log_errno(r, "cannot read %s", name) : 0;
}

int report_load(const char *path, cJSON **ret)
{
	_cleanup_free_ char *data = NULL;
	size_t size = 0;
	int r = report_read_file(path, &data, &size);

	return r < 0 ? r
		     : report_parse(data, size, streq(path, "-") ? "standard input" : path, ret);
}

/* -- Parsing ----------------------------------------------------------------------------------- */

/* At least as many values as cJSON would allocate for this text, found without allocating. */
static uint64_t count_values(const char *data, size_t size)
{
	bool in_string = false;
	uint64_t values = 1;

	for (size_t i = 0; i < size; i++) {
		switch (data[i]) {
		case '\\':
			i += in_string;
			break;
		case '"':
			in_string = !in_string;
			break;
		case ',':
		case '[':
		case '{':
			values += !in_string;
			break;
		}
	}
	return values;
}

static bool is_json_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static int log_syntax_error(const char *data, size_t at, const char *name)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at; i++) {
		column++;
		if (data[i] == '\n') {
			line++;
			column = 1;
		}
	}
	log_error("%s: not a report: not JSON at line %zu, column %zu", name, line, column);
	return -EINVAL;
}

static int check_version(const cJSON *report, const char *name)
{
	uint64_t version = report_u64(report, "schema_version", 0);

	if (!cJSON_IsObject(report) || version == 0) {
		log_error("%s: not a report of latwrap: it has no schema_version", name);
		return -EINVAL;
	}
	if (version > REPORT_SCHEMA_VERSION) {
		log_error("%s: has schema_version %" PRIu64 ", this latwrap reads up to %d: "
			  "read it with a newer one",
			  name, version, REPORT_SCHEMA_VERSION);
		return -EPROTONOSUPPORT;
	}
	return 0;
}

int report_parse(const char *data, size_t size_bytes, const char *name, cJSON **ret)
{
	_cleanup_json_ cJSON *report = NULL;
	const char *end;
	size_t at = 0;
	int r;

	while (at < size_bytes && is_json_space(data[at]))
		at++;
	if (at == size_bytes) {
		log_error("%s: not a report: it is empty", name);
		return -EINVAL;
	}
	/* cJSON takes a NUL for a space; a crash leaves whole blocks of them. */
	end = memchr(data, '\0', size_bytes);
	if (end)
		return log_syntax_error(data, (size_t)(end - data), name);
	if (count_values(data, size_bytes) > REPORT_VALUES_MAX) {
		log_error("%s: more than %" PRIu64 " values, not read", name, REPORT_VALUES_MAX);
		return -EFBIG;
	}

	report = cJSON_ParseWithLengthOpts(data, size_bytes, &end, false);
	at = end ? MIN((size_t)(end - data), size_bytes) : 0;
	if (!report)
		return log_syntax_error(data, at, name);
	while (at < size_bytes && is_json_space(data[at]))
		at++;
	if (at < size_bytes)
		return log_syntax_error(data, at, name);

	r = check_version(report, name);
	if (r < 0)
		return r;
	*ret = steal_ptr(report);
	return 0;
}

/* -- Accessors --------------------------------------------------------------------------------- */

const cJSON *report_get(const cJSON *item, const char *path)
{
	while (item && *path) {
		size_t n = strcspn(path, ".");
		const cJSON *child;

		if (!cJSON_IsObject(item))
			return NULL;
		cJSON_ArrayForEach(child, item) {
			if (child->string && strncmp(child->string, path, n) == 0 &&
			    child->string[n] == '\0')
				break;
		}
		item = child;
		path += n + (path[n] == '.');
	}
	return item;
}

bool report_known(const cJSON *item, const char *path)
{
	const cJSON *found = report_get(item, path);

	return found && !cJSON_IsNull(found);
}

const cJSON *report_object(const cJSON *item, const char *path)
{
	const cJSON *found = report_get(item, path);

	return cJSON_IsObject(found) ? found : NULL;
}

const cJSON *report_array(const cJSON *item, const char *path)
{
	const cJSON *found = report_get(item, path);

	return cJSON_IsArray(found) ? found : NULL;
}

const char *report_string(const cJSON *item, const char *path, const char *fallback)
{
	const cJSON *found = report_get(item, path);

	return found && cJSON_IsString(found) && found->valuestring ? found->valuestring : fallback;
}

bool report_bool(const cJSON *item, const char *path, bool fallback)
{
	const cJSON *found = report_get(item, path);

	return cJSON_IsBool(found) ? cJSON_IsTrue(found) : fallback;
}

uint64_t report_u64(const cJSON *item, const char *path, uint64_t fallback)
{
	const cJSON *found = report_get(item, path);

	if (!found || !cJSON_IsNumber(found) || !(found->valuedouble >= 0))
		return fallback;
	/* UINT64_MAX itself is no double: the next one above it is 2^64, and converting that or
	 * more would be undefined. */
	return found->valuedouble >= 0x1p64 ? UINT64_MAX : (uint64_t)found->valuedouble;
}

int64_t report_i64(const cJSON *item, const char *path, int64_t fallback)
{
	const cJSON *found = report_get(item, path);

	if (!found || !cJSON_IsNumber(found) || found->valuedouble != found->valuedouble)
		return fallback;
	if (found->valuedouble >= 0x1p63)
		return INT64_MAX;
	return found->valuedouble < -0x1p63 ? INT64_MIN : (int64_t)found->valuedouble;
}
