/* Tests of model/process: starts, ends, reused PIDs, and which processes are kept */
#include "model/model.h"

#include <stdlib.h>

#include "base/util.h"
#include "model/process.h"
#include "records.h"
#include "tap.h"

static struct process **list;
static size_t count;

static void look(const struct model *model)
{
	free(list);
	list = model_processes(model, &count);
}

/* "sh" of "sh\0-c\0" */
static const char *argv0(const struct process *process)
{
	return process->image ? process->image->argv.data : "none";
}

static void test_fork_inherits(void)
{
	struct model *model = model_with(10, 10, 10, 10);

	start_at(model, 1, 10, 10, 9, "latwrap");
	exec_at(model, 2, 10, "sh", "sh\0-c\0", "sh\0bin\0");
	start_at(model, 3, 11, 11, 10, "sh");
	exec_at(model, 4, 10, "make", "make\0", "make\0bin\0usr\0");
	start_at(model, 5, 12, 12, 10, "make");
	start_at(model, 6, 13, 13, 11, "sh");
	start_at(model, 7, 14, 14, 999, "orphan");
	look(model);
	is_u64(count, 5);
	is_str(argv0(list[0]), "make");
	is_str(argv0(list[1]), "sh");
	is_str(argv0(list[2]), "make");
	is_str(argv0(list[3]), "sh");
	is_str(argv0(list[4]), "none");
	is_str(list[1]->image->exe.data, "/bin/sh");
	is_u64(list[1]->image->argv.size, 6);
	/* One copy for all processes. */
	ok(list[1]->image == list[3]->image && list[0]->image == list[2]->image);
	is_int(list[1]->image->references, 2);

	/* The parent's end leaves the child its program. */
	end_at(model, 8, 11, 11, "sh", 1);
	look(model);
	is_str(argv0(list[3]), "sh");
	model_free(model);
}

static void test_exec_without_path(void)
{
	struct model *model = model_with(10, 10, 10, 10);

	/* Nothing is known of the program; it is never "/". */
	exec_at(model, 1, 10, "x", "", "");
	look(model);
	ok(list[0]->image->exe.data == NULL);
	is_u64(list[0]->image->argv.size, 0);
	is_int(list[0]->threads, 1);
	model_free(model);
}

static void test_threads(void)
{
	struct model *model = model_with(10, 10, 10, 10);

	/* The first thread ends first: the process lives on, with the status of the first thread. */
	start_at(model, 1, 20, 20, 9, "a");
	start_at(model, 2, 20, 21, 20, "b");
	struct record_thread leader = thread_of(3, 20, 20, "renamed", 5);
	leader.exit_code = 7 << 8;
	model_record(model, &leader, sizeof(leader));
	look(model);
	is_u64(list[0]->end_ns, 0);
	ok(list[0]->has_exit);
	is_int(list[0]->exit_code, 7);
	is_str(list[0]->comm, "renamed");
	end_at(model, 4, 20, 21, "b", 6);
	look(model);
	is_u64(list[0]->end_ns, 4);
	is_int(list[0]->exit_code, 7);
	is_int(list[0]->threads, 2);
	is_str(list[0]->comm, "renamed");
	is_u64(list[0]->ended.waits.total_ns, 11);
	is_u64(list[0]->ended.waits.max_ns, 6);
	is_u64(hist_log2_count(&list[0]->ended.waits.histogram), 2);
	is_u64(model->alive_count, 0);

	/* exit_group: whichever thread ends, the status is that of the group. */
	start_at(model, 5, 22, 22, 9, "a");
	start_at(model, 6, 22, 23, 22, "b");
	struct record_thread other = thread_of(7, 22, 23, "b", 0);
	other.is_group_exit = 1;
	other.exit_code = 0x80 | 11; /* core dumped */
	model_record(model, &other, sizeof(other));
	look(model);
	is_int(list[1]->exit_signal, 11);
	is_int(list[1]->exit_code, 0);
	is_u64(list[1]->end_ns, 0);
	model_free(model);
}

static void test_exec_from_a_thread(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct record_thread old = thread_of(3, 30, 30, "old", 1);

	/* The old leader may end under either ID, before or after the exec. */
	start_at(model, 1, 30, 30, 9, "old");
	start_at(model, 2, 30, 31, 30, "thread");
	old.id.tid = old.id.host_tid = 31;
	old.is_leader = 0;
	exec_at(model, 3, 30, "new", "new\0", "new\0");
	model_record(model, &old, sizeof(old));
	look(model);
	is_u64(count, 1);
	is_u64(list[0]->end_ns, 0);
	is_str(list[0]->comm, "new");
	end_at(model, 5, 30, 30, "new", 2);
	look(model);
	is_u64(list[0]->end_ns, 5);
	is_u64(list[0]->start_ns, 1);
	is_u64(list[0]->ended.waits.total_ns, 3);
	model_free(model);

	model = model_with(10, 10, 10, 10);
	start_at(model, 1, 30, 30, 9, "old");
	start_at(model, 2, 30, 31, 30, "thread");
	end_at(model, 3, 30, 30, "old", 1);
	exec_at(model, 4, 30, "new", "new\0", "new\0");
	look(model);
	is_u64(list[0]->end_ns, 0);
	end_at(model, 5, 30, 30, "new", 2);
	look(model);
	is_u64(count, 1);
	is_u64(list[0]->end_ns, 5);
	model_free(model);
}

static void test_number_used_again(void)
{
	struct model *model = model_with(10, 10, 10, 10);

	start_at(model, 10, 40, 40, 9, "first");
	exec_at(model, 11, 40, "first", "first\0", "first\0");
	/* The record of its end is lost. */
	start_at(model, 20, 40, 40, 9, "second");
	end_at(model, 30, 40, 40, "second", 5);
	look(model);
	is_u64(count, 2);
	is_str(list[0]->comm, "first");
	is_u64(list[0]->end_ns, 20);
	ok(!list[0]->has_exit);
	is_str(list[1]->comm, "second");
	is_u64(list[1]->end_ns, 30);
	is_str(argv0(list[1]), "none");

	/* The record of the start of "third" is lost, too: only its exec tells of the process. */
	exec_at(model, 50, 41, "third", "third\0", "third\0");
	start_at(model, 60, 41, 41, 9, "fourth");
	look(model);
	is_u64(count, 4);
	is_u64(list[2]->end_ns, 60);
	is_str(list[3]->comm, "fourth");
	model_free(model);
}

static void test_known_before_its_start(void)
{
	struct model *model = model_with(10, 10, 10, 10);

	/* A snapshot overtakes the ring buffer: one process, not two. */
	start_at(model, 1, 50, 50, 9, "parent");
	exec_at(model, 2, 50, "parent", "parent\0", "parent\0");
	model_snapshot_begin(model, false);
	alive_at(model, 100, 90, 51, 51, "child", 3);
	alive_at(model, 100, 95, 51, 52, "thread", 4);
	start_at(model, 90, 51, 51, 50, "parent");
	start_at(model, 95, 51, 52, 51, "parent");
	look(model);
	is_u64(count, 2);
	is_u64(list[1]->start_ns, 90);
	is_u64(list[1]->end_ns, 0);
	is_int(list[1]->threads, 2);
	is_str(list[1]->comm, "child");
	is_str(argv0(list[1]), "parent");
	is_u64(model->processes_seen, 2);

	/* Moved in from outside, another thread first. */
	start_at(model, 200, 60, 62, 0, "thread");
	start_at(model, 201, 60, 60, 0, "leader");
	start_at(model, 202, 60, 61, 0, "thread");
	look(model);
	is_u64(count, 3);
	is_u64(list[2]->start_ns, 200);
	is_int(list[2]->threads, 3);
	is_str(list[2]->comm, "leader");
	end_at(model, 203, 60, 62, "thread", 1);
	end_at(model, 204, 60, 60, "leader", 1);
	end_at(model, 205, 60, 61, "thread", 1);
	look(model);
	is_u64(list[2]->end_ns, 205);
	is_u64(list[2]->ended.waits.count, 3);
	model_free(model);
}

static void test_snapshots(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct thread_sums sums;

	start_at(model, 1, 70, 70, 9, "a");
	start_at(model, 2, 71, 71, 9, "b");
	end_at(model, 3, 71, 71, "b", 100);
	for (unsigned i = 1; i < 4; i++) {
		model_snapshot_begin(model, false);
		alive_at(model, 10 * i, 1, 70, 70, "a", 1000 * i);
		model_sums(model, &sums);
		is_u64(sums.waits.total_ns, 1000 * i + 100);
		is_u64(sums.waits.count, 2);
		look(model);
		process_sums(list[0], &sums);
		is_u64(sums.waits.total_ns, 1000 * i);
	}
	/* Its end has all totals; those of the snapshot must not count twice. */
	end_at(model, 50, 70, 70, "a", 5000);
	look(model);
	process_sums(list[0], &sums);
	is_u64(sums.waits.total_ns, 5000);
	model_snapshot_begin(model, false);
	model_sums(model, &sums);
	is_u64(sums.waits.total_ns, 5100);

	/* No snapshot follows the final one: a process that it found alive has not ended in time. */
	start_at(model, 51, 72, 72, 9, "c");
	start_at(model, 51, 73, 73, 9, "d");
	model_snapshot_begin(model, true);
	alive_at(model, 52, 51, 72, 72, "c", 10);
	end_at(model, 53, 72, 72, "c", 15);
	end_at(model, 51, 73, 73, "d", 7);
	model_sums(model, &sums);
	is_u64(sums.waits.total_ns, 5100 + 10 + 7);
	model_free(model);
}

static void test_killed_during_the_final_snapshot(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct thread_sums sums;

	/* Some of its threads are found alive, others are dying and not found. */
	start_at(model, 1, 70, 70, 9, "a");
	for (uint32_t tid = 71; tid < 76; tid++)
		start_at(model, 1, 70, tid, 70, "a");
	model_snapshot_begin(model, true);
	alive_at(model, 10, 1, 70, 70, "a", 1000);
	/* The IDs begin anew after the last one. */
	alive_at(model, 10, 1, 70, 74, "a", 400);
	alive_at(model, 10, 1, 70, 73, "a", 300);
	end_at(model, 9, 70, 71, "a", 10);
	end_at(model, 11, 70, 74, "a", 410);
	end_at(model, 11, 70, 72, "a", 20);
	end_at(model, 12, 70, 70, "a", 1001);
	end_at(model, 13, 70, 73, "a", 300);
	end_at(model, 14, 70, 75, "a", 50);
	model_sums(model, &sums);
	is_u64(sums.waits.total_ns, 1700 + 80);
	is_u64(sums.waits.count, 6);
	look(model);
	is_u64(count, 1);
	process_sums(list[0], &sums);
	is_u64(sums.waits.total_ns, 1700 + 80);
	model_free(model);
}

static void test_lost_start(void)
{
	struct model *model = model_with(10, 10, 10, 10);
	struct thread_sums sums;

	end_at(model, 10, 80, 80, "ghost", 7);
	look(model);
	is_u64(count, 0);
	model_sums(model, &sums);
	is_u64(sums.waits.total_ns, 7);
	model_free(model);
}

/* -- Caps ---------------------------------------------------------------------------------------- */

static bool is_listed(uint32_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (list[i]->pid == pid)
			return true;
	return false;
}

static void test_cap_keeps_the_most_waiting(void)
{
	struct model *model = model_with(10, 5, 10, 100);

	/* 1000 processes, in an order neither rising nor falling; waits of 1 to 1000 ns. */
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t wait_ns = i * 611 % 1000 + 1;

		start_at(model, i, wait_ns, wait_ns, 9, "p");
		end_at(model, i, wait_ns, wait_ns, "p", wait_ns);
	}
	look(model);
	is_u64(count, 5);
	for (uint32_t pid = 996; pid <= 1000; pid++)
		okf(is_listed(pid), "%u is kept", pid);
	is_u64(model->processes_seen, 1000);
	for (size_t i = 1; i < count; i++)
		ok(list[i - 1]->start_ns <= list[i]->start_ns);
	model_free(model);
}

static void test_cap_and_pins(void)
{
	struct model *model = model_with(2, 1, 10, 100);

	for (uint32_t pid = 1; pid <= 3; pid++) {
		start_at(model, pid, pid, pid, 9, "p");
		cpu_stall_at(model, pid * MS, (pid + 10 * pid) * MS, pid);
		end_at(model, 100 + pid, pid, pid, "p", 1);
	}
	/* 2 and 3 have the longest stalls; 1 loses its pin and fills the only place without one. */
	look(model);
	is_u64(count, 3);
	start_at(model, 4, 4, 4, 9, "p");
	end_at(model, 104, 4, 4, "p", 2);
	look(model);
	is_u64(count, 3);
	ok(!is_listed(1) && is_listed(2) && is_listed(3) && is_listed(4));

	/* A stall of an ended process, longer than all others: the process that loses its pin goes. */
	start_at(model, 5, 5, 5, 9, "p");
	cpu_stall_at(model, 0, 1000 * MS, 5);
	look(model);
	ok(is_listed(5) && is_listed(3) && is_listed(4) && !is_listed(2));
	is_u64(model->processes_seen - count, 2);
	end_at(model, 105, 5, 5, "p", 0);
	model_free(model);

	/* No process without a stall is kept. */
	model = model_with(2, 0, 10, 100);
	start_at(model, 1, 1, 1, 9, "p");
	end_at(model, 2, 1, 1, "p", 1);
	look(model);
	is_u64(count, 0);
	model_free(model);
}

static void test_cap_of_live_ones(void)
{
	struct model *model = model_with(2, 3, 10, 100);

	/* More processes than the hash table has buckets. */
	for (uint32_t pid = 1; pid <= 5000; pid++)
		start_at(model, pid, pid, pid, 9, "p");
	is_u64(model->alive_count, 5000);
	ok(model->alive_buckets > 1024);
	cpu_stall_at(model, 0, 6 * MS, 4321);
	model_snapshot_begin(model, false);
	for (uint32_t pid = 1; pid <= 5000; pid += 7)
		alive_at(model, 6000, pid, pid, pid, "p", pid);
	look(model);
	is_u64(count, 4);
	ok(is_listed(4321) && is_listed(5000 - 1) && is_listed(4992) && is_listed(4985));
	/* Each of them can still be found, and ends. */
	for (uint32_t pid = 1; pid <= 5000; pid++)
		end_at(model, 10000 + pid, pid, pid, "p", 1);
	is_u64(model->alive_count, 0);
	look(model);
	is_u64(count, 4);
	is_u64(model->processes_seen, 5000);
	model_free(model);
}

static void test_colliding_numbers(void)
{
	struct model *model = model_with(10, 100, 10, 100);

	/* All in one bucket, removed from the middle, the end and the beginning. */
	for (uint32_t i = 0; i < 5; i++)
		start_at(model, i + 1, 1024 * i + 7, 1024 * i + 7, 9, "p");
	for (uint32_t i = 0; i < 5; i++)
		end_at(model, 100, 1024 * (i * 2 % 5) + 7, 1024 * (i * 2 % 5) + 7, "p", 1);
	is_u64(model->alive_count, 0);
	look(model);
	is_u64(count, 5);
	model_free(model);
}

int main(void)
{
	test_fork_inherits();
	test_exec_without_path();
	test_threads();
	test_exec_from_a_thread();
	test_number_used_again();
	test_known_before_its_start();
	test_snapshots();
	test_killed_during_the_final_snapshot();
	test_lost_start();
	test_cap_keeps_the_most_waiting();
	test_cap_and_pins();
	test_cap_of_live_ones();
	test_colliding_numbers();
	free(list);
	return tap_done();
}
