/* Decide whose messages about spans count: of processes of the run, and some others of its users */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "model/model.h"

#define SPAN_SENDERS_CACHED 256
#define SPAN_SENDER_UIDS    3

enum span_sender {
	SENDER_STRANGER,
	SENDER_MEMBER, /* a process of the run, or treated like one */
	SENDER_UNSURE, /* decide with model_is_traced() once the model has all records until now */
};

/*
 * A process of the run may belong to any user. A process outside the run (in a container or behind
 * a build server, for example) may send messages about tests of the run if its user is that of the
 * command, that of the caller, or root, and if it started after the run. Messages of others are
 * refused: they could make a failed test pass. The kernel identifies the sender (SCM_CREDENTIALS):
 * nobody can claim a PID or UID to which the sender has no right.
 */
struct span_senders {
	const char *cgroup; /* of the run, as in /proc/PID/cgroup; NULL: the run has none */
	bool has_others; /* other cgroups, such as those of containers, may be part of the run */
	uid_t uids[SPAN_SENDER_UIDS]; /* users whose processes may be outside the run */
	uint64_t began_ns; /* start of the run; CLOCK_BOOTTIME, as in /proc */
	struct span_sender_cached {
		uint64_t until_ns;
		uint32_t pid;
		uid_t uid;
		enum span_sender sender;
	} cache[SPAN_SENDERS_CACHED];
};

/* Call this at the start of the run. user is the user of the command. cgroup must outlive *ret. */
void span_senders_init(struct span_senders *ret, const char *cgroup, bool has_others, uid_t user);
/*
 * Judges the sender. pid and uid are as received; pid 0 is a process that our PID namespace does
 * not have.
 */
enum span_sender span_sender_judge(struct span_senders *senders, const struct model *model,
				   uint32_t pid, uid_t uid, uint64_t received_ns);
