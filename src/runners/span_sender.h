/* Whose messages about spans count: those of the run's own processes, and of its users' others. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "model/model.h"

#define SPAN_SENDERS_CACHED 256
#define SPAN_SENDER_UIDS    3

enum span_sender {
	SENDER_STRANGER,
	SENDER_MEMBER, /* of the run, or as good as one */
	SENDER_GONE, /* ask model_is_traced() once all records until now are in the model */
};

/*
 * A process of the run may be any user's, and one outside the run (in a container, say, or behind a build
 * server) may tell of the run's tests if it is the user's that the command runs as, the caller's or root's, and
 * began after the run did. All others could make a failed test pass. Who sends the kernel says (SCM_CREDENTIALS):
 * nobody can name a PID or a UID there that is not the sender's to name.
 */
struct span_senders {
	const char *cgroup; /* the run's, as in /proc/PID/cgroup; NULL: it has none */
	uid_t uids[SPAN_SENDER_UIDS]; /* that need not be in the run */
	uint64_t began_ns; /* the run; CLOCK_BOOTTIME, as /proc has it */
	struct span_sender_cached {
		uint64_t until_ns;
		uint32_t pid;
		uid_t uid;
		enum span_sender sender;
	} cache[SPAN_SENDERS_CACHED];
};

/* The run begins now. user: that the command runs as. cgroup must outlive *ret. */
void span_senders_init(struct span_senders *ret, const char *cgroup, uid_t user);
/* pid and uid as received; 0 is a process that our PID namespace does not have. */
enum span_sender span_sender_judge(struct span_senders *senders, const struct model *model,
				   uint32_t pid, uid_t uid, uint64_t received_ns);
