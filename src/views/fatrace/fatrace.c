/* Prints a log (--log) as lines in the form of fatrace(8) */
#include "views/fatrace/fatrace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

#include "base/log.h"
#include "report/event_log.h"
#include "report/load.h"
#include "views/view.h"

#define LINE_BYTES_MAX \
	(256 << 10) /* a line has two paths and an argument vector, each twice at most */

/*
 * What an operation does, in the letters of fatrace. An event of a directory is about an entry in
 * it.
 */
enum access {
	ACCESS_NONE,
	ACCESS_OPEN,
	ACCESS_CLOSE,
	ACCESS_READ, /* if it read at least one byte */
	ACCESS_LIST, /* also if it read no entry */
	ACCESS_WRITE,
	ACCESS_RESIZE,
	ACCESS_MAKE,
	ACCESS_LINK, /* creates path2 */
	ACCESS_DELETE,
	ACCESS_MOVE,
};

static const struct {
	const char *operation;
	enum access access;
} operations[] = {
	{"open", ACCESS_OPEN},
	{"openat", ACCESS_OPEN},
	{"openat2", ACCESS_OPEN},
	{"open_by_handle_at", ACCESS_OPEN},
	{"creat", ACCESS_OPEN},
	{"close", ACCESS_CLOSE},
	{"read", ACCESS_READ},
	{"readv", ACCESS_READ},
	{"pread64", ACCESS_READ},
	{"preadv", ACCESS_READ},
	{"preadv2", ACCESS_READ},
	{"sendfile", ACCESS_READ},
	{"splice", ACCESS_READ},
	{"getdents", ACCESS_LIST},
	{"getdents64", ACCESS_LIST},
	{"write", ACCESS_WRITE},
	{"writev", ACCESS_WRITE},
	{"pwrite64", ACCESS_WRITE},
	{"pwritev", ACCESS_WRITE},
	{"pwritev2", ACCESS_WRITE},
	{"copy_file_range", ACCESS_WRITE},
	{"truncate", ACCESS_RESIZE},
	{"ftruncate", ACCESS_RESIZE},
	{"fallocate", ACCESS_RESIZE},
	{"mkdir", ACCESS_MAKE},
	{"mkdirat", ACCESS_MAKE},
	{"mknod", ACCESS_MAKE},
	{"mknodat", ACCESS_MAKE},
	{"symlink", ACCESS_MAKE},
	{"symlinkat", ACCESS_MAKE},
	{"link", ACCESS_LINK},
	{"linkat", ACCESS_LINK},
	{"unlink", ACCESS_DELETE},
	{"unlinkat", ACCESS_DELETE},
	{"rmdir", ACCESS_DELETE},
	{"rename", ACCESS_MOVE},
	{"renameat", ACCESS_MOVE},
	{"renameat2", ACCESS_MOVE},
};

static enum access access_of(const char *operation)
{
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
		if (streq(operations[i].operation, operation))
			return operations[i].access;
	return ACCESS_NONE;
}

/* -- Events of the log ----------------------------------------------------------------------------- */

/* The members of docs/log.schema.json that the lines need */
struct log_event {
	const char *event, *comm;
	struct optional_u64 log_version, pid;
	const char *operation, *path, *path2, *device, *inode, *flags, *error;
	struct optional_i64 bytes;
	struct optional_bool created, writable;
};

#define EVENT_FIELD(key, what, member)                                             \
	{                                                                          \
		.name = (key), .type = (what), .flags = FIELD_NULL | FIELD_ABSENT, \
		.offset = offsetof(struct log_event, member)                       \
	}

/* The event decides which of them a line has. */
static const struct field event_list[] = {
	{.name = "event", .type = FIELD_TEXT, .offset = offsetof(struct log_event, event)},
	EVENT_FIELD("log_version", FIELD_OPTIONAL_U64, log_version),
	EVENT_FIELD("pid", FIELD_OPTIONAL_U64, pid),
	EVENT_FIELD("comm", FIELD_TEXT, comm),
	EVENT_FIELD("operation", FIELD_TEXT, operation),
	EVENT_FIELD("path", FIELD_TEXT, path),
	EVENT_FIELD("path2", FIELD_TEXT, path2),
	EVENT_FIELD("device", FIELD_TEXT, device),
	EVENT_FIELD("inode", FIELD_TEXT, inode),
	EVENT_FIELD("flags", FIELD_TEXT, flags),
	EVENT_FIELD("bytes", FIELD_OPTIONAL_I64, bytes),
	EVENT_FIELD("created", FIELD_OPTIONAL_BOOL, created),
	EVENT_FIELD("writable", FIELD_OPTIONAL_BOOL, writable),
	EVENT_FIELD("errno", FIELD_TEXT, error),
};
static const struct fields event_fields = {event_list, ARRAY_SIZE(event_list),
					   sizeof(struct log_event)};

/* -- Lines ----------------------------------------------------------------------------------------- */

/* fatrace leaves out the kernel's own file systems. */
static bool is_virtual(const char *path)
{
	const char *below_dev = startswith(path, "/dev/");

	return startswith(path, "/proc/") || startswith(path, "/sys/") ||
	       (below_dev && !startswith(below_dev, "shm/"));
}

/* what: the file; NULL if its name is unknown */
static void print_line(const struct log_event *event, const char *letters, const char *path,
		       FILE *out)
{
	_cleanup_free_ char *comm = view_escape_terminal(event->comm ? event->comm : "?", 0);
	_cleanup_free_ char *what = NULL;

	if (path && is_virtual(path))
		return;
	if (path) {
		what = view_escape_terminal(path, 0);
	} else {
		_cleanup_free_ char *named = xasprintf("device %s inode %s",
						       event->device ? event->device : "?",
						       event->inode ? event->inode : "?");

		if (!event->device)
			return;
		what = view_escape_terminal(named, 0);
	}
	fprintf(out, "%s(%" PRIu64 "): %-3s %s\n", comm, event->pid.value, letters, what);
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash > path ? xstrndup(path, (size_t)(slash - path)) : xstrdup("/");
}

static void print_entry(const struct log_event *event, const char *letters, const char *path,
			FILE *out)
{
	_cleanup_free_ char *directory = path ? directory_of(path) : NULL;

	if (directory)
		print_line(event, letters, directory, out);
}

static void print_move(const struct log_event *event, const char *from, const char *to, FILE *out)
{
	_cleanup_free_ char *one = from ? directory_of(from) : NULL;
	_cleanup_free_ char *other = to ? directory_of(to) : NULL;

	if (one && other && streq(one, other)) {
		print_line(event, "<>", one, out);
		return;
	}
	if (one)
		print_line(event, "<", one, out);
	if (other)
		print_line(event, ">", other, out);
}

static void print_open(const struct log_event *event, const char *path, FILE *out)
{
	bool created = event->created.value;
	bool emptied = !created && event->flags && strstr(event->flags, "O_TRUNC");

	if (created)
		print_entry(event, "+", path, out);
	print_line(event, emptied ? "WO" : "O", path, out);
}

static void print_call(const struct log_event *event, FILE *out)
{
	const char *path = event->path, *path2 = event->path2;
	bool moved = event->bytes.value > 0;

	switch (access_of(event->operation ? event->operation : "")) {
	case ACCESS_NONE:
		break;
	case ACCESS_OPEN:
		print_open(event, path, out);
		break;
	case ACCESS_CLOSE:
		print_line(event, event->writable.value ? "CW" : "C", path, out);
		break;
	case ACCESS_READ:
		if (moved)
			print_line(event, "R", path, out);
		break;
	case ACCESS_LIST:
		print_line(event, "R", path, out);
		break;
	case ACCESS_WRITE:
		if (moved)
			print_line(event, "W", path, out);
		break;
	case ACCESS_RESIZE:
		print_line(event, "W", path, out);
		break;
	case ACCESS_MAKE:
		print_entry(event, "+", path, out);
		break;
	case ACCESS_LINK:
		print_entry(event, "+", path2, out);
		break;
	case ACCESS_DELETE:
		print_entry(event, "D", path, out);
		break;
	case ACCESS_MOVE:
		print_move(event, path, path2, out);
		break;
	}
}

static void print_event(const struct log_event *event, FILE *out)
{
	if (event->error)
		return;
	if (streq(event->event, "exec"))
		print_line(event, "RO", event->path, out);
	else if (streq(event->event, "call"))
		print_call(event, out);
}

/* Handles the first line of a log. */
static int check_start(const struct log_event *event, const char *name)
{
	uint64_t version = event->log_version.value;

	if (!streq(event->event, "run") || version == 0) {
		log_error("%s: not a log, as latwrap --log writes it", name);
		return -EINVAL;
	}
	if (version > EVENT_LOG_VERSION) {
		log_error("%s: has log_version %" PRIu64 ", this latwrap reads up to %d", name,
			  version, EVENT_LOG_VERSION);
		return -EPROTONOSUPPORT;
	}
	return 0;
}

/* Handles line `number`, counted from 1. */
static int read_event(const cJSON *json, uint64_t number, const char *name, struct arena *memory,
		      struct log_event *ret)
{
	_cleanup_free_ char *where = xasprintf("%s: line %" PRIu64, name, number);

	*ret = (struct log_event){0};
	if (number == 1 && !cJSON_GetObjectItemCaseSensitive(json, "event")) {
		ret->event = "";
		return check_start(ret, name);
	}
	return fields_read(json, &event_fields, where, memory, ret);
}

static int print_json(const cJSON *json, uint64_t number, const char *name, FILE *out)
{
	struct arena memory = {0};
	struct log_event event;
	int r = read_event(json, number, name, &memory, &event);

	if (r == 0 && number == 1)
		r = check_start(&event, name);
	if (r == 0)
		print_event(&event, out);
	arena_done(&memory);
	return r;
}

static int print_log(FILE *in, const char *name, FILE *out)
{
	_cleanup_free_ char *line = xmalloc(LINE_BYTES_MAX);
	uint64_t number = 0;

	while (fgets(line, LINE_BYTES_MAX, in)) {
		_cleanup_json_ cJSON *event = cJSON_Parse(line);
		int r;

		number++;
		if (!cJSON_IsObject(event)) {
			/* Its writer may not have finished the last line. */
			if (number > 1 && !strchr(line, '\n') && feof(in))
				break;
			log_error("%s: line %" PRIu64 " is no event", name, number);
			return -EINVAL;
		}
		r = print_json(event, number, name, out);
		if (r < 0)
			return r;
	}
	if (ferror(in))
		return log_errno(errno, "cannot read %s", name);
	if (!number) {
		log_error("%s: not a log: it is empty", name);
		return -EINVAL;
	}
	return 0;
}

int fatrace_print(const char *path, FILE *out)
{
	bool standard = streq(path, "-");
	const char *name = standard ? "standard input" : path;
	_cleanup_fclose_ FILE *opened = standard ? NULL : fopen(path, "re");

	if (!standard && !opened)
		return log_errno(errno, "cannot open %s", name);
	return print_log(standard ? stdin : opened, name, out);
}
