/* What latwrap start tells latwrap stop, in files of the job's directory */
#pragma once

#include "run/job_place.h"

struct job_record {
	char *id; /* of the report */
	const char *report_path;
	int stall_exit_code;
	char *memory; /* owned; NULL if it owns nothing */
};

/* Return 0 or -errno. */
int job_file_write(const struct job_place *place, const struct job_record *record);
/* The caller frees ret->memory. */
int job_file_read(const struct job_place *place, struct job_record *ret);
int job_file_write_status(const struct job_place *place, int status);
/* Returns the exit status, or -errno: the recorder did not come to its end. */
int job_file_read_status(const struct job_place *place);
