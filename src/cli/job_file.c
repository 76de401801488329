/* What latwrap start tells latwrap stop, in files of the job's directory */
#include "cli/job_file.h"

#include <errno.h>

#include "base/util.h"

static int parse_status(const char *text, int *ret)
{
	uint64_t number;

	if (parse_u64(text, &number) < 0 || number > UINT8_MAX)
		return -EINVAL;
	*ret = (int)number;
	return 0;
}

/* The path comes last: it may have any character. */
int job_file_write(const struct job_place *place, const struct job_record *record)
{
	_cleanup_free_ char *text =
		xasprintf("%s\n%d\n%s", record->id, record->stall_exit_code, record->report_path);

	return job_place_write(place, JOB_FILE, text, strlen(text));
}

int job_file_read(const struct job_place *place, struct job_record *ret)
{
	char *rest, *status;
	int r;

	*ret = (struct job_record){0};
	r = read_file_at(place->fd, JOB_FILE, &ret->memory, NULL);
	if (r < 0)
		return r;
	rest = ret->memory;
	ret->id = strsep(&rest, "\n");
	status = strsep(&rest, "\n");
	ret->report_path = rest;
	return rest ? parse_status(status, &ret->stall_exit_code) : -EINVAL;
}

int job_file_write_status(const struct job_place *place, int status)
{
	_cleanup_free_ char *text = xasprintf("%d", status);

	return job_place_write(place, JOB_STATUS, text, strlen(text));
}

int job_file_read_status(const struct job_place *place)
{
	_cleanup_free_ char *text = NULL;
	int status = 0, r = read_file_at(place->fd, JOB_STATUS, &text, NULL);

	if (r == 0)
		r = parse_status(text, &status);
	return r < 0 ? r : status;
}
