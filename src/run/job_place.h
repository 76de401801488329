/* The directory where a job keeps its state between latwrap start and latwrap stop */
#pragma once

#include <stddef.h>

/*
 * /run/latwrap/job-NAME, or the same below a directory of the user (system/own_place.h); only the
 * user may enter it. It contains
 *
 *     job        JOB_FILE: what `latwrap stop` must know if the recorder is killed
 *     socket     who connects asks the recorder to end the job
 *     messages   what the recorder has said since `latwrap start` returned
 *     status     the exit status for `latwrap stop`; written last
 *
 * The recorder holds a lock on the directory (flock(2)) as long as it lives.
 */
struct job_place {
	int fd; /* -1: none */
	char *path; /* owned */
};

#define JOB_PLACE_NONE ((struct job_place){.fd = -1})

#define JOB_FILE     "job"
#define JOB_MESSAGES "messages"
#define JOB_STATUS   "status"

/* Returns NULL if the name can be that of a job, else what is wrong with it. */
const char *job_name_complaint(const char *name);

/*
 * Makes and locks the directory, and removes what an earlier job left in it. Returns 0, -EBUSY if a
 * job with that name is not over, or another -errno with the reasons in *ret_complaint, which the
 * caller frees.
 */
int job_place_claim(const char *name, struct job_place *ret, char **ret_complaint);
/* Opens the directory of a job, without the lock. Returns 0, or -ENOENT if there is no such job. */
int job_place_find(const char *name, struct job_place *ret);
/* Waits until the recorder, and anybody else who has the lock, has ended. */
void job_place_wait(const struct job_place *place);
void job_place_close(struct job_place *place);
/* Removes the directory. */
void job_place_remove(const struct job_place *place);

/* Replaces a file of the directory. Returns 0 or -errno. */
int job_place_write(const struct job_place *place, const char *name, const char *data, size_t size);

/* -- The socket ------------------------------------------------------------------------------- */

/* What `latwrap stop` wants of the recorder, besides its own standard error */
struct job_request {
	unsigned char color, quiet;
};

/* Returns a listening socket, or -errno. */
int job_place_listen(const struct job_place *place);
/*
 * Asks the recorder to end the job and to use our standard error from now on. Returns a socket that
 * is closed when the recorder ends, or -errno if nobody listens.
 */
int job_place_ask(const struct job_place *place, const struct job_request *request);
/*
 * Takes such a request from a listening socket. Returns the descriptor of standard error, or
 * -errno. *ret_peer_fd stays open until the recorder ends.
 */
int job_place_take(int listen_fd, struct job_request *ret, int *ret_peer_fd);
