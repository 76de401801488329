/* Describe a run: its ID, command, user, machine and CI job, and its leftovers */
#include "run/describe.h"

#include <inttypes.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/util.h"
#include "run/cgroup_procs.h"
#include "run/ci.h"
#include "run/host.h"
#include "system/procfs.h"

static char *random_id(void)
{
	unsigned char bytes[8] = {0};
	uint64_t number = 0;

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		number = now_ns(CLOCK_REALTIME);
	for (size_t i = 0; i < sizeof(bytes); i++)
		number = number << 8 ^ bytes[i];
	return xasprintf("%016" PRIx64, number);
}

/* Returns NULL for a UID without an entry in the user database: then user->name holds digits. */
static char *user_name(const struct user_spec *user)
{
	unsigned id;

	if (!user || (user_parse_id(user->name, &id) == 0 && id == user->uid))
		return NULL;
	return xstrdup(user->name);
}

void describe_run(const struct session_options *options, struct run_facts *facts)
{
	facts->id = random_id();
	facts->argv = options->argv;
	facts->is_job = options->job != NULL;
	facts->cwd = getcwd(NULL, 0);
	facts->uid = options->user ? options->user->uid : getuid();
	facts->gid = options->user ? options->user->gid : getgid();
	facts->user_name = user_name(options->user);
	facts->leftovers_action = leftovers_names[options->leftovers];
	facts->gates = options->gates;
	facts->baseline = options->baseline;
	facts->gate_count = options->gate_count;
	host_read(&facts->host);
	ci_read(&facts->ci);
}

void describe_leftovers(const struct cgroup *cgroup, struct run_facts *facts)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t count = 0;

	if (cgroup_pids(cgroup, &pids, &count) < 0 || !count)
		return;
	facts->leftovers = xcalloc(count, sizeof(*facts->leftovers));
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *path = xasprintf("/proc/%d/comm", (int)procfs_number(pids[i]));
		char *comm = NULL;

		if (read_file(path, &comm, NULL) == 0)
			comm[strcspn(comm, "\n")] = '\0';
		facts->leftovers[facts->leftover_count++] = (struct leftover){pids[i], comm};
	}
}
