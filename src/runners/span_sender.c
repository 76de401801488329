/* Decide whose messages about spans count: of processes of the run, and some others of its users */
#include "runners/span_sender.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/util.h"
#include "spans/span_observer.h"
#include "system/cgroup_find.h"
#include "system/procfs.h"

/* How long a judgement is cached: much shorter than the kernel needs to reuse a PID. */
#define HOLDS_NS (100 * NSEC_PER_MSEC)

/* A UID without a mapping in our user namespace reads as this one (user_namespaces(7)). */
#define OVERFLOW_UID 65534

void span_senders_init(struct span_senders *ret, const char *cgroup, bool has_others, uid_t user)
{
	*ret = (struct span_senders){
		.cgroup = cgroup,
		.has_others = has_others,
		.uids = {0, getuid(), user},
		.began_ns = now_ns(CLOCK_BOOTTIME),
	};
}

static bool is_users(const struct span_senders *senders, uid_t uid)
{
	if (uid == OVERFLOW_UID && !procfs_in_first_user_namespace())
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(senders->uids); i++)
		if (uid == senders->uids[i])
			return true;
	return false;
}

/*
 * proc_pid_stat(5): starttime is field 22 of /proc/PID/stat, in ticks. The name of the process may
 * contain any character, and ends with the last ')'.
 */
static bool began_before(uint32_t pid, uint64_t time_ns)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/stat", (int)procfs_number((pid_t)pid));
	_cleanup_free_ char *text = NULL;
	uint64_t tick_ns = NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	const char *field;

	if (read_file(path, &text, NULL) < 0)
		return false;
	field = strrchr(text, ')');
	for (unsigned number = 2; field && number < 22; number++) {
		field = strchr(field, ' ');
		field += field != NULL;
	}
	return field && (strtoull(field, NULL, 10) + 1) * tick_ns <= time_ns;
}

static enum span_sender look_up(const struct span_senders *senders, uint32_t pid)
{
	_cleanup_free_ char *path = NULL;

	if (!senders->cgroup || procfs_cgroup((pid_t)pid, &path) < 0)
		return SENDER_UNSURE;
	if (cgroup_path_within(path, senders->cgroup))
		return SENDER_MEMBER;
	return senders->has_others ? SENDER_UNSURE : SENDER_STRANGER;
}

static enum span_sender judge(const struct span_senders *senders, const struct model *model,
			      uint32_t pid, uid_t uid, uint64_t received_ns)
{
	if (!is_users(senders, uid))
		return pid ? look_up(senders, pid) : SENDER_STRANGER;
	if (!pid || model_is_traced(model, pid, uid, received_ns) ||
	    !began_before(pid, senders->began_ns))
		return SENDER_MEMBER;
	/*
	 * It started before the run: it was moved into the run, or belongs to an earlier run, or is
	 * a server.
	 */
	return look_up(senders, pid) == SENDER_MEMBER ? SENDER_MEMBER : SENDER_STRANGER;
}

enum span_sender span_sender_judge(struct span_senders *senders, const struct model *model,
				   uint32_t pid, uid_t uid, uint64_t received_ns)
{
	struct span_sender_cached *cached = &senders->cache[pid % SPAN_SENDERS_CACHED];

	if (received_ns < cached->until_ns && cached->pid == pid && cached->uid == uid)
		return cached->sender;
	*cached = (struct span_sender_cached){
		.until_ns = received_ns + HOLDS_NS,
		.pid = pid,
		.uid = uid,
		.sender = judge(senders, model, pid, uid, received_ns),
	};
	return cached->sender;
}
