/* The evidence for an answer: one sentence with the numbers that decided */
#include "answer/evidence.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/util.h"
#include "catalog/words.h"
#include "model/sleep_calls.h"

/* Joins two strings and frees the first. */
static char *append(char *text, const char *more)
{
	char *longer = xasprintf("%s%s", text, more);

	free(text);
	return longer;
}

/* "server.py[6464]" */
static char *name_of(const struct account_who *who)
{
	return xasprintf("%.*s[%" PRIu32 "]", COMM_BYTES, who->comm, who->host_pid);
}

static const struct account_share *largest_of(const struct account *account, enum part_side side)
{
	for (uint32_t i = 0; i < account->share_count; i++)
		if (part_catalog[account->shares[i].part].side == side)
			return &account->shares[i];
	return NULL;
}

/* " in recvfrom" */
static char *call_of(const struct account_share *share)
{
	const char *name = share->call >= 0 ? sleep_call_find(share->call).name : NULL;

	return name ? xasprintf(" in %s", name) : xstrdup("");
}

/* ": spinrt[77] (real-time)", ", held by apt-get[512] (outside)" */
static char *culprit_of(const struct account_share *share)
{
	_cleanup_free_ char *name = NULL;
	bool realtime = share->culprit_policy == POLICY_FIFO || share->culprit_policy == POLICY_RR;

	if (!share->culprit.host_tid)
		return xstrdup("");
	name = name_of(&share->culprit);
	if (share->part == PART_IO_LOCK)
		return xasprintf(", held by %s%s", name,
				 share->culprit.outside ? " (outside)" : "");
	return xasprintf(": %s%s", name, realtime ? " (real-time)" : "");
}

/* "server.py[6464], which it waited for, waited 360ms for a CPU that another program had: spinrt[77] (real-time)" */
static char *describe(const struct account *account, const struct account_share *share)
{
	bool own = !share->who.host_tid || share->who.host_pid == account->host_pid;
	_cleanup_free_ char *name = own ? xstrdup("it") : name_of(&share->who);
	_cleanup_free_ char *culprit = culprit_of(share), *call = call_of(share);
	bool asleep = part_catalog[share->part].side == SIDE_ASLEEP;
	char time[DURATION_FORMAT_BYTES];

	return xasprintf("%s%s %s %s%s %s%s", name, own ? "" : ", which it waited for,",
			 asleep ? "slept" : "waited", duration_format(time, share->ns),
			 asleep ? call : "", part_catalog[share->part].words, culprit);
}

/* ". Tests that passed lost up to 3ms" */
static char *compare(const struct usual *usual, uint64_t usual_ns, const char *verb)
{
	char time[DURATION_FORMAT_BYTES];

	if (!usual->tests)
		return xstrdup("");
	return xasprintf(". %s %s %s at most",
			 usual->of_same_test ? "When it passed, it" : "Tests that passed", verb,
			 duration_format(time, usual_ns));
}

/* "the machine took 380ms of its 519ms: ..." */
static char *lost_sentence(const struct account *account, enum part_side side, uint64_t ns,
			   const char *who)
{
	const struct account_share *share = largest_of(account, side);
	_cleanup_free_ char *detail = share ? describe(account, share) : NULL;
	char part[DURATION_FORMAT_BYTES], whole[DURATION_FORMAT_BYTES];

	duration_format(part, ns);
	duration_format(whole, account->until_ns - account->from_ns);
	return xasprintf("%s took %s of its %s%s%s", who, part, whole, detail ? ": " : "",
			 detail ? detail : "");
}

static char *machine_sentence(const struct account *account, const struct answer_times *times,
			      const struct usual *usual)
{
	_cleanup_free_ char *usually = compare(usual, usual->lost_ns, "lost");

	return append(lost_sentence(account, SIDE_LOST, times->lost_ns, "the machine"), usually);
}

static char *crowded_sentence(const struct account *account, const struct answer_times *times,
			      const struct usual *usual)
{
	_cleanup_free_ char *usually = compare(usual, usual->crowded_ns, "lost");

	return append(
		append(lost_sentence(account, SIDE_CROWDED, times->crowded_ns, "the run itself"),
		       usually),
		": run fewer jobs at a time");
}

static char *waited_sentence(const struct account *account, const struct answer_times *times,
			     const struct usual *usual)
{
	const struct account_share *share = largest_of(account, SIDE_ASLEEP);
	_cleanup_free_ char *usually = compare(usual, usual->asleep_ns, "slept");
	_cleanup_free_ char *detail = share ? describe(account, share) : xstrdup("it slept");
	_cleanup_free_ char *waker = NULL;
	char whole[DURATION_FORMAT_BYTES];

	/* Whoever ends the wait for a lock need not have held it: a signal ends it, too. */
	if (share && share->waker.host_tid && share->part != PART_TIMER &&
	    share->part != PART_IO_LOCK)
		waker = name_of(&share->waker);
	return xasprintf("of its %s, %s%s%s%s", duration_format(whole, times->whole_ns), detail,
			 waker ? ", woken by " : "", waker ? waker : "", usually);
}

static char *code_sentence(const struct answer_times *times, const struct usual *usual,
			   const struct slowness *slowness)
{
	uint64_t lost_ns = times->lost_ns + times->crowded_ns;
	char whole[DURATION_FORMAT_BYTES], own[DURATION_FORMAT_BYTES], sleep[DURATION_FORMAT_BYTES],
		lost[DURATION_FORMAT_BYTES];
	_cleanup_free_ char *usually = compare(usual, usual->both_ns, "lost");
	_cleanup_free_ char *slept = NULL, *advice = slowness_advice(slowness, times, usual);

	duration_format(sleep, times->own_sleep_ns + times->asleep_ns);
	slept = times->own_sleep_ns + times->asleep_ns ? xasprintf(" and slept %s", sleep)
						       : xstrdup("");
	return xasprintf("it worked %s%s of its %s, and lost %s%s: %s",
			 duration_format(own, times->own_ns), slept,
			 duration_format(whole, times->whole_ns), duration_format(lost, lost_ns),
			 usually, advice);
}

char *evidence_of_account(const struct account *account, enum answer answer,
			  const struct answer_times *times, const struct usual *usual,
			  const struct slowness *slowness)
{
	switch (answer) {
	case ANSWER_MACHINE:
		return slowness->explains_failure ? slowness_sentence(slowness, usual)
						  : machine_sentence(account, times, usual);
	case ANSWER_CROWDED:
		return crowded_sentence(account, times, usual);
	case ANSWER_WAITED:
		return waited_sentence(account, times, usual);
	case ANSWER_CODE:
		return code_sentence(times, usual, slowness);
	default:
		return NULL;
	}
}

/* The process outside the run for which threads of the path slept; NULL: not known. */
static const struct account_who *service_of(const struct account_share *share)
{
	const struct account_who *who = share->who.outside ? &share->who : &share->waker;

	return share->part == PART_SERVICE && who->host_pid && who->outside ? who : NULL;
}

/* The service that took most of the path; NULL: none. */
static const struct account_who *main_service(const struct account *account, uint64_t *ret_ns)
{
	const struct account_who *found = NULL;

	*ret_ns = 0;
	for (uint32_t i = 0; i < account->share_count; i++) {
		const struct account_who *who = service_of(&account->shares[i]);
		uint64_t ns = 0;

		for (uint32_t j = 0; who && j < account->share_count; j++) {
			const struct account_who *other = service_of(&account->shares[j]);

			if (other && other->host_pid == who->host_pid)
				ns += account->shares[j].ns;
		}
		if (ns > *ret_ns) {
			*ret_ns = ns;
			found = who;
		}
	}
	return found;
}

/*
 * What to type to measure the work of a service: the cgroups of the containers that it runs (docs/ci.md), unless the
 * run has some already, or the unit of another service.
 */
static const char *option_for(const struct account_who *service, bool has_included)
{
	static const struct {
		const char *daemon, *option;
	} rows[] = {
		{"dockerd", "--include='system.slice/docker-*.scope'"},
		{"containerd", "--include='system.slice/*.scope'"}, /* and its shims */
		{"conmon", "--include='machine.slice/libpod-*.scope'"},
		{"kubelet", "--include='kubepods.slice'"},
		{"libvirtd", "--include='machine.slice/*.scope'"},
		{"virtqemud", "--include='machine.slice/*.scope'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows) && !has_included; i++)
		if (strncmp(service->comm, rows[i].daemon, strlen(rows[i].daemon)) == 0)
			return rows[i].option;
	return NULL;
}

/* ". For 4.2s of it the run waited for dockerd[812], whose ...". NULL: the run did not mostly wait for one service. */
static char *elsewhere(const struct account *account, bool has_included)
{
	const struct account_who *service;
	_cleanup_free_ char *name = NULL;
	const char *option;
	char time[DURATION_FORMAT_BYTES];
	uint64_t ns;

	service = main_service(account, &ns);
	if (!service || ns <= (account->until_ns - account->from_ns) / 2)
		return NULL;
	name = name_of(service);
	option = option_for(service, has_included);
	return xasprintf(". For %s of it the run waited for %s, whose work is not measured: %s%s",
			 duration_format(time, ns), name,
			 option ? "measure the containers that it runs as part of the run, with "
				: "measure its unit as well with --also=UNIT",
			 option ? option : "");
}

char *evidence_of_cost(const struct account *account, const char *ended_by, bool has_included)
{
	struct answer_times times = answer_times(account);
	char lost[DURATION_FORMAT_BYTES], crowded[DURATION_FORMAT_BYTES],
		whole[DURATION_FORMAT_BYTES], rest[DURATION_FORMAT_BYTES];
	uint64_t percent = times.whole_ns ? times.lost_ns / ((times.whole_ns + 99) / 100) : 0;
	bool matters = times.lost_ns && times.lost_ns >= times.whole_ns / ANSWER_MATTERS;
	_cleanup_free_ char *own = NULL, *end = NULL, *outside = elsewhere(account, has_included);

	duration_format(whole, times.whole_ns);
	duration_format(rest, times.whole_ns - times.lost_ns);
	if (times.crowded_ns >= times.whole_ns / ANSWER_MATTERS && times.crowded_ns)
		own = xasprintf(", its own load %s", duration_format(crowded, times.crowded_ns));
	if (ended_by)
		end = xasprintf(
			". %s ended the run%s%s", ended_by,
			matters ? "; without the machine's part, it would have come as far in "
				: "",
			matters ? rest : "");
	return xasprintf("The machine took %s of %s (%" PRIu64 " %%)%s%s%s",
			 duration_format(lost, times.lost_ns), whole, percent, own ? own : "",
			 end ? end : "", outside ? outside : "");
}
