/* Steps of tests of model/span*: what a runner tells, stalls that fall into it, and a look at the spans */
#pragma once

#include <stdlib.h>
#include <sys/syscall.h>

#include "base/util.h"
#include "model/record.h"
#include "model/stall.h"
#include "spans/span_apply.h"
#include "spans/span_selection.h"
#include "spans/span_stalls.h"
#include "spans/span_sweep.h"
#include "spans/span_tree.h"
#include "records.h"
#include "tap.h"

/* No test uses all of these. */
#pragma GCC diagnostic ignored "-Wunused-function"

static struct span **list;
static size_t count;

static void look(const struct model *model)
{
	free(list);
	list = model_spans(model, &count);
}

static struct span *find(const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (streq(list[i]->name.data, name))
			return list[i];
	return NULL;
}

/* received_ns is far in the future, so that all times count as given. */
static void tell(struct model *model, uint32_t pid, const char *json)
{
	struct span_message message;

	if (!okf(span_message_parse(json, strlen(json), &message) == 0, "%s", json))
		return;
	message.sender_pid = pid;
	message.received_ns = UINT64_MAX / 2;
	model_span_message(model, &message);
	span_message_done(&message);
}

static void begin(struct model *model, uint32_t pid, uint64_t ms, const char *id, const char *more)
{
	_cleanup_free_ char *json = xasprintf(
		"{\"v\":1,\"event\":\"begin\",\"id\":\"%s\",\"name\":\"%s\",\"time_ns\":%" PRIu64
		"%s}",
		id, id, ms * MS, more);

	tell(model, pid, json);
}

static void end(struct model *model, uint32_t pid, uint64_t ms, const char *id, const char *outcome)
{
	_cleanup_free_ char *json = xasprintf(
		"{\"v\":1,\"event\":\"end\",\"id\":\"%s\",\"outcome\":\"%s\",\"time_ns\":%" PRIu64
		"}",
		id, outcome, ms * MS);

	tell(model, pid, json);
}

static void whole(struct model *model, uint32_t pid, uint64_t from_ms, uint64_t until_ms,
		  const char *name, const char *outcome)
{
	_cleanup_free_ char *json = xasprintf(
		"{\"v\":1,\"event\":\"span\",\"name\":\"%s\",\"outcome\":\"%s\",\"start_ns\":%" PRIu64
		",\"time_ns\":%" PRIu64 "}",
		name, outcome, from_ms * MS, until_ms * MS);

	tell(model, pid, json);
}

static void stall(struct model *model, uint32_t pid, uint32_t tid, uint64_t from_ms,
		  uint64_t until_ms)
{
	struct record_cpu_stall record = {
		.header = {.type = RECORD_CPU_STALL, .time_ns = until_ms * MS},
		.id = task_of(pid, tid),
		.start_ns = from_ms * MS,
		.woken_ns = from_ms * MS,
	};

	model_record(model, &record, sizeof(record));
}

static const char *waker_name = "waker";

/* All times in ms. */
static void off_cpu(struct model *model, uint32_t pid, uint64_t since, uint64_t from,
		    uint64_t woken, uint64_t on, enum wake_how how, uint32_t waker,
		    enum wait_class behind)
{
	struct record_off_cpu record = {
		.header = {.type = RECORD_OFF_CPU, .time_ns = on * MS},
		.id = task_of(pid, pid),
		.since_ns = since * MS,
		.from_ns = from * MS,
		.woken_ns = woken * MS,
		.ran_ns = (from - since) * MS,
		.waker_host_tid = waker,
		.waker_host_pid = waker,
		.how = (u8)how,
		.call = -1,
	};

	record.wait_ns[behind] = (on - woken) * MS;
	set_comm(record.comm, "tests");
	if (waker)
		set_comm(record.waker_comm, waker_name);
	model_record(model, &record, sizeof(record));
}

static void finish(struct model *model)
{
	model_spans_finalize(model, UINT64_MAX, 1000000 * MS);
	look(model);
}

static uint64_t loss_of(const struct model *model, enum span_loss loss)
{
	struct span_counts counts;

	model_span_counts(model, &counts);
	return counts.losses[loss];
}

static uint64_t stalls_of(const char *name)
{
	const struct span *span = find(name);

	return span && span->stalls ? span->stalls->count[STALL_CPU] : 0;
}

static const char *owner(const struct model *model, uint64_t start_ms)
{
	size_t n;
	_cleanup_free_ struct stall **stalls = model_stalls(model, &n);

	for (size_t i = 0; i < n; i++)
		if (stalls[i]->start_ns == start_ms * MS)
			return stalls[i]->span ? stalls[i]->span->name.data : "nobody";
	return "no stall";
}
