/* Tests of model/cause: how a wait is divided among those who had the CPU, also in odd cases */
#include "model/cause.h"

#include <stdlib.h>

#include "base/util.h"
#include "tap.h"

#define SLICES 16

/* A record of a wait, with room for its slices. */
static struct record_cpu_stall *wait_of(uint64_t start_ns, uint64_t woken_ns, uint64_t end_ns)
{
	static _Alignas(
		8) char memory[sizeof(struct record_cpu_stall) + SLICES * sizeof(struct slice)];
	struct record_cpu_stall *wait = (struct record_cpu_stall *)memory;

	memset(memory, 0, sizeof(memory));
	wait->header.time_ns = end_ns;
	wait->start_ns = start_ns;
	wait->woken_ns = woken_ns;
	return wait;
}

/* Queues are in order of time; slice() appends their slices, those of the last queue first. */
static void queue(struct record_cpu_stall *wait, uint64_t from_ns, uint32_t slices)
{
	wait->queues[wait->queue_count++] =
		(struct queue_time){.from_ns = from_ns, .slices = slices};
}

static void slice(struct record_cpu_stall *wait, uint64_t from_ns, uint32_t pid, uint8_t class)
{
	wait->slices[wait->slice_count++] =
		(struct slice){.from_ns = from_ns, .host_pid = pid, .class = class, .comm = "x"};
}

static struct shares divided;
static struct culprits named;

static void divide(const struct record_cpu_stall *wait)
{
	uint64_t sum_ns = 0, named_ns = 0;

	culprits_done(&named);
	cause_of_wait(wait, &divided, &named);
	for (enum cause cause = 0; cause < CAUSES; cause++)
		sum_ns += divided.ns[cause];
	for (size_t i = 0; i < named.count; i++)
		named_ns += named.list[i].ns;
	is_u64(sum_ns, wait->header.time_ns - wait->start_ns);
	is_u64(named_ns + named.dropped_ns,
	       divided.ns[CAUSE_INSIDE] + divided.ns[CAUSE_OUTSIDE] + divided.ns[CAUSE_KERNEL]);
}

static void test_nothing_known(void)
{
	struct record_cpu_stall *wait = wait_of(100, 100, 200);

	divide(wait);
	is_u64(divided.ns[CAUSE_UNKNOWN], 100);
	is_int(shares_largest(&divided), CAUSE_UNKNOWN);

	wait = wait_of(100, 150, 200);
	divide(wait);
	is_u64(divided.ns[CAUSE_DELIVERY], 50);
	is_u64(divided.ns[CAUSE_UNKNOWN], 50);

	wait = wait_of(100, 100, 100);
	queue(wait, 100, 1);
	slice(wait, 50, 1, 0);
	divide(wait);
	is_int(shares_largest(&divided), CAUSE_UNKNOWN);
	is_u64(named.count, 0);
}

static void test_kinds(void)
{
	struct record_cpu_stall *wait = wait_of(0, 10, 100);

	queue(wait, 10, 4);
	slice(wait, 90, 1, CLASS_IDLE);
	slice(wait, 60, 2, CLASS_INSIDE);
	slice(wait, 40, 3, CLASS_KERNEL);
	slice(wait, 10, 4, 0);
	divide(wait);
	is_u64(divided.ns[CAUSE_DELIVERY], 10);
	is_u64(divided.ns[CAUSE_IDLE], 10);
	is_u64(divided.ns[CAUSE_INSIDE], 30);
	is_u64(divided.ns[CAUSE_KERNEL], 20);
	is_u64(divided.ns[CAUSE_OUTSIDE], 30);
	is_u64(divided.ns[CAUSE_UNKNOWN], 0);
	/* The idle task is not a culprit; among equal ones the lower PID comes first. */
	is_u64(named.count, 3);
	is_int(named.list[0].host_pid, 2);
	is_int(named.list[0].where, CULPRIT_INSIDE);
	is_int(named.list[1].host_pid, 4);
	is_int(named.list[1].where, CULPRIT_OUTSIDE);
	is_int(named.list[2].host_pid, 3);
	is_int(named.list[2].where, CULPRIT_KERNEL);

	/* A kernel thread that was moved into the run's cgroup belongs to the run. */
	wait = wait_of(0, 0, 10);
	queue(wait, 0, 1);
	slice(wait, 0, 5, CLASS_INSIDE);
	divide(wait);
	is_u64(divided.ns[CAUSE_INSIDE], 10);
}

static void test_slices_beyond_the_wait(void)
{
	struct record_cpu_stall *wait = wait_of(100, 100, 200);

	/* Slices that start after the end, at the end and before the start; and one older than all. */
	queue(wait, 100, 5);
	slice(wait, 250, 1, 0);
	slice(wait, 200, 2, 0);
	slice(wait, 150, 3, 0);
	slice(wait, 20, 4, CLASS_INSIDE);
	slice(wait, 10, 5, CLASS_KERNEL);
	divide(wait);
	is_u64(divided.ns[CAUSE_OUTSIDE], 50);
	is_u64(divided.ns[CAUSE_INSIDE], 50);
	is_u64(divided.ns[CAUSE_KERNEL], 0);
	is_u64(named.count, 2);

	/* Clocks of two CPUs: a slice seems newer than the slice before it in the list. */
	wait = wait_of(100, 100, 200);
	queue(wait, 100, 3);
	slice(wait, 150, 1, 0);
	slice(wait, 160, 2, CLASS_KERNEL);
	slice(wait, 100, 3, CLASS_INSIDE);
	divide(wait);
	is_u64(divided.ns[CAUSE_OUTSIDE], 50);
	is_u64(divided.ns[CAUSE_INSIDE], 50);
	is_u64(divided.ns[CAUSE_KERNEL], 0);
}

static void test_overrun(void)
{
	struct record_cpu_stall *wait = wait_of(0, 0, 100);

	/* The flight recorder starts in the middle of the wait. */
	queue(wait, 0, 1);
	slice(wait, 70, 1, 0);
	divide(wait);
	is_u64(divided.ns[CAUSE_OUTSIDE], 30);
	is_u64(divided.ns[CAUSE_UNKNOWN], 70);
	is_int(shares_largest(&divided), CAUSE_UNKNOWN);
}

/* Switches older than the flight recorder: the CPU's clocks give the class of the threads before them. */
static void test_forgotten_slices(void)
{
	struct record_cpu_stall *wait = wait_of(0, 0, 1000);
	struct queue_time *first = &wait->queues[0];

	queue(wait, 0, 2);
	*first = (struct queue_time){
		.slices = 2,
		.steal_from_ns = 70,
		.steal_until_ns = 100,
		.irq_from_ns = 5,
		.irq_until_ns = 25,
		.class_from_ns = {2000, 1000, 3000, 4000},
		.class_until_ns = {2550, 1100, 3200, 4050},
	};
	slice(wait, 900, 7, 0);
	slice(wait, 800, 8, CLASS_KERNEL);
	wait->slices[0].steal_ns = wait->slices[1].steal_ns = 100;
	wait->slices[0].irq_ns = wait->slices[1].irq_ns = 25;
	divide(wait);
	is_u64(divided.ns[CAUSE_STEAL], 30);
	is_u64(divided.ns[CAUSE_IRQ], 20);
	is_u64(divided.ns[CAUSE_INSIDE], 100);
	is_u64(divided.ns[CAUSE_OUTSIDE], 550);
	is_u64(divided.ns[CAUSE_KERNEL], 200);
	is_u64(divided.ns[CAUSE_IDLE], 50);
	is_u64(divided.ns[CAUSE_UNKNOWN], 50);
	is_u64(named.dropped_ns, 100 + 450 + 100);

	/* A clock that was torn or set back never makes the parts exceed the whole. */
	first->class_until_ns[CLASS_OUTSIDE] = UINT64_MAX;
	first->class_from_ns[CLASS_IDLE] = UINT64_MAX;
	first->steal_from_ns = 0;
	divide(wait);
	is_u64(divided.ns[CAUSE_STEAL], 0);
	is_u64(divided.ns[CAUSE_OUTSIDE], 100 + 780);
	is_u64(divided.ns[CAUSE_UNKNOWN], 0);
}

/* A thread whose switch the kernel does not show ran for an unknown time. */
static void test_unsure_slices(void)
{
	struct record_cpu_stall *wait = wait_of(0, 0, 100);

	queue(wait, 0, 2);
	slice(wait, 90, 7, 0);
	slice(wait, 0, 8, CLASS_UNSURE);
	divide(wait);
	is_u64(divided.ns[CAUSE_OUTSIDE], 10);
	is_u64(divided.ns[CAUSE_IDLE], 0);
	is_u64(divided.ns[CAUSE_UNKNOWN], 90);

	/* Before that the flight recorder has nothing at all. */
	wait->slices[1].from_ns = 40;
	divide(wait);
	is_u64(divided.ns[CAUSE_UNKNOWN], 90);
}

static void test_legs(void)
{
	struct record_cpu_stall *wait = wait_of(0, 0, 100);

	queue(wait, 0, 1);
	queue(wait, 30, 2);
	queue(wait, 80, 1);
	slice(wait, 10, 3, 0);
	slice(wait, 50, 2, CLASS_INSIDE);
	slice(wait, 20, 4, CLASS_KERNEL);
	slice(wait, 0, 1, CLASS_IDLE);
	divide(wait);
	is_u64(divided.ns[CAUSE_OUTSIDE], 20);
	is_u64(divided.ns[CAUSE_INSIDE], 30);
	is_u64(divided.ns[CAUSE_KERNEL], 20);
	is_u64(divided.ns[CAUSE_IDLE], 30);

	/* A wait with an unknown part in its middle. */
	wait = wait_of(0, 0, 100);
	queue(wait, 0, 1);
	queue(wait, 30, 0);
	queue(wait, 80, 1);
	slice(wait, 80, 2, 0);
	slice(wait, 0, 1, 0);
	divide(wait);
	is_u64(divided.ns[CAUSE_OUTSIDE], 50);
	is_u64(divided.ns[CAUSE_UNKNOWN], 50);
	is_u64(named.count, 2);
	is_int(named.list[0].host_pid, 1);
}

/* Records that a kernel should not send must not make the shares exceed the wait. */
static void test_legs_out_of_order(void)
{
	struct record_cpu_stall *wait = wait_of(100, 150, 200);

	/* A queue that starts before the wakeup: that time counts as delivery already. */
	queue(wait, 100, 1);
	slice(wait, 90, 1, 0);
	divide(wait);
	is_u64(divided.ns[CAUSE_DELIVERY], 50);
	is_u64(divided.ns[CAUSE_OUTSIDE], 50);

	/* A queue that starts after the end: its slices do not belong to the next queue. */
	wait = wait_of(100, 100, 200);
	queue(wait, 100, 1);
	queue(wait, 300, 1);
	slice(wait, 50, 1, CLASS_INSIDE);
	slice(wait, 50, 2, 0);
	divide(wait);
	is_u64(divided.ns[CAUSE_INSIDE], 0);
	is_u64(divided.ns[CAUSE_OUTSIDE], 100);

	/* Queues that overlap, and two queues that start at the same time. */
	wait = wait_of(0, 0, 100);
	queue(wait, 60, 1);
	queue(wait, 20, 1);
	queue(wait, 20, 1);
	slice(wait, 0, 3, 0);
	slice(wait, 0, 2, CLASS_INSIDE);
	slice(wait, 0, 1, CLASS_KERNEL);
	divide(wait);
	is_u64(divided.ns[CAUSE_OUTSIDE], 80);
	is_u64(divided.ns[CAUSE_INSIDE], 0);
	is_u64(divided.ns[CAUSE_KERNEL], 0);
	is_u64(divided.ns[CAUSE_UNKNOWN], 20);
}

static void test_culprits(void)
{
	struct record_cpu_stall *wait = wait_of(0, 0, 120);

	queue(wait, 0, SLICES - 4);
	for (uint32_t i = 0; i < SLICES - 4; i++)
		slice(wait, 110 - 10 * i, i % 11, 0);
	divide(wait);
	is_u64(named.count, CULPRITS_MAX);
	is_int(named.list[0].host_pid, 0);
	is_u64(named.list[0].ns, 20);
	is_int(named.list[1].host_pid, 1);
	is_u64(named.dropped_ns, 30);

	/* A process both inside and outside (it was moved in between) is two culprits. */
	wait = wait_of(0, 0, 30);
	queue(wait, 0, 3);
	slice(wait, 20, 7, CLASS_INSIDE);
	slice(wait, 10, 7, 0);
	slice(wait, 0, 7, CLASS_INSIDE);
	divide(wait);
	is_u64(named.count, 2);
	is_u64(named.list[0].ns, 20);
	is_int(named.list[0].where, CULPRIT_INSIDE);
	culprits_done(&named);
	is_u64(named.count, 0);
}

static void test_largest(void)
{
	struct shares shares = {0};

	is_int(shares_largest(&shares), CAUSE_UNKNOWN);
	shares.ns[CAUSE_STEAL] = 5;
	shares.ns[CAUSE_UNKNOWN] = 5;
	is_int(shares_largest(&shares), CAUSE_UNKNOWN);
	shares.ns[CAUSE_STEAL] = 6;
	is_int(shares_largest(&shares), CAUSE_STEAL);
	shares.ns[CAUSE_INSIDE] = 6;
	is_int(shares_largest(&shares), CAUSE_INSIDE);
}

/* -- Steal, interrupts and quota ------------------------------------------------------------------ */

static void test_clocks(void)
{
	struct record_cpu_stall *wait = wait_of(100, 100, 200);

	/* Of 50 ns of a neighbour, 20 were stolen and 10 went to interrupts; of 50 idle ns, 5. */
	queue(wait, 100, 2);
	wait->queues[0].steal_from_ns = 1000;
	wait->queues[0].steal_until_ns = 1025;
	wait->queues[0].irq_from_ns = 500;
	wait->queues[0].irq_until_ns = 510;
	slice(wait, 150, 1, 0);
	slice(wait, 20, 0, CLASS_IDLE);
	wait->slices[0].steal_ns = 1005;
	wait->slices[0].irq_ns = 500;
	wait->slices[1].steal_ns = 900; /* when it started, long before the queue */
	wait->slices[1].irq_ns = 100;
	divide(wait);
	is_u64(divided.ns[CAUSE_STEAL], 25);
	is_u64(divided.ns[CAUSE_IRQ], 10);
	is_u64(divided.ns[CAUSE_OUTSIDE], 20);
	is_u64(divided.ns[CAUSE_IDLE], 45);

	/* Never more than the slice lasted, never less than 0. */
	wait->queues[0].steal_until_ns = UINT64_MAX;
	wait->queues[0].irq_until_ns = UINT64_MAX;
	divide(wait);
	is_u64(divided.ns[CAUSE_STEAL], 55);
	is_u64(divided.ns[CAUSE_IRQ], 0);
	is_u64(divided.ns[CAUSE_OUTSIDE], 0);
	wait->queues[0].steal_until_ns = wait->queues[0].irq_until_ns = 1;
	wait->slices[0].steal_ns = wait->slices[0].irq_ns = 2;
	divide(wait);
	is_u64(divided.ns[CAUSE_STEAL], 0);
	is_u64(divided.ns[CAUSE_IRQ], 0);
	is_u64(divided.ns[CAUSE_OUTSIDE], 50);
	is_u64(divided.ns[CAUSE_IDLE], 50);
}

static uint64_t sum_of_culprits(void)
{
	uint64_t sum_ns = named.dropped_ns;

	for (size_t i = 0; i < named.count; i++)
		sum_ns += named.list[i].ns;
	return sum_ns;
}

/* Whoever had the CPU while the thread was out of its quota or budget did not hold it up. */
static void test_limits(void)
{
	static const struct {
		uint64_t limited_ns, idle_ns, unknown_ns, outside_ns, inside_ns;
	} cases[] = {
		{0, 30, 20, 40, 10},      {10, 20, 20, 40, 10}, {40, 0, 10, 40, 10},
		{60, 0, 0, 30, 10},       {95, 0, 0, 0, 5},     {100, 0, 0, 0, 0},
		{UINT64_MAX, 0, 0, 0, 0},
	};

	for (size_t n = 0; n < 2 * ARRAY_SIZE(cases); n++) {
		struct record_cpu_stall *wait = wait_of(0, 7, 107);
		bool budget = n >= ARRAY_SIZE(cases);
		enum cause limit = budget ? CAUSE_BUDGET : CAUSE_THROTTLED;
		size_t i = n % ARRAY_SIZE(cases);

		queue(wait, 7, 3);
		slice(wait, 77, 1, CLASS_IDLE);
		slice(wait, 37, 2, 0);
		slice(wait, 27, 3, CLASS_INSIDE);
		wait->throttled_ns = budget ? 0 : cases[i].limited_ns;
		wait->budget_ns = budget ? cases[i].limited_ns : 0;
		culprits_done(&named);
		cause_of_wait(wait, &divided, &named);
		is_u64(divided.ns[CAUSE_IDLE], cases[i].idle_ns);
		is_u64(divided.ns[CAUSE_UNKNOWN], cases[i].unknown_ns);
		is_u64(divided.ns[CAUSE_OUTSIDE], cases[i].outside_ns);
		is_u64(divided.ns[CAUSE_INSIDE], cases[i].inside_ns);
		is_u64(divided.ns[limit], MIN(cases[i].limited_ns, UINT64_C(100)));
		is_u64(sum_of_culprits(), cases[i].outside_ns + cases[i].inside_ns);
		is_u64(divided.ns[CAUSE_DELIVERY], 7);
	}
}

/* A hiccup while a culprit was on the CPU. */
static void test_hiccup(void)
{
	struct record_cpu_stall *wait = wait_of(0, 0, 100);

	/* Outside: 60 of two culprits; inside: 40 of one, which is the longest culprit. */
	queue(wait, 0, 3);
	slice(wait, 60, 1, CLASS_INSIDE);
	slice(wait, 30, 2, 0);
	slice(wait, 0, 3, 0);
	divide(wait);
	is_int(named.list[0].host_pid, 1);
	cause_of_hiccup(&divided, &named, 35);
	is_u64(divided.ns[CAUSE_OUTSIDE], 25);
	is_u64(divided.ns[CAUSE_INSIDE], 40);
	is_u64(divided.ns[CAUSE_UNKNOWN], 35);
	is_u64(named.count, 2);
	is_u64(named.list[0].ns, 40);
	is_u64(named.list[1].ns, 25);
	is_int(named.list[1].host_pid, 3);

	/* Longer than any thread ran, and on an idle CPU. */
	cause_of_hiccup(&divided, &named, UINT64_MAX);
	is_u64(divided.ns[CAUSE_INSIDE], 0);
	is_u64(divided.ns[CAUSE_UNKNOWN], 75);
	is_u64(named.count, 1);
	wait = wait_of(0, 0, 100);
	queue(wait, 0, 2);
	slice(wait, 60, 1, 0);
	slice(wait, 0, 0, CLASS_IDLE);
	divide(wait);
	cause_of_hiccup(&divided, &named, 50);
	is_u64(divided.ns[CAUSE_IDLE], 10);
	is_u64(divided.ns[CAUSE_UNKNOWN], 50);
	is_u64(named.list[0].ns, 40);
}

static void test_move(void)
{
	struct shares shares = {.ns = {[CAUSE_DELIVERY] = 10, [CAUSE_STEAL] = 1}};

	shares_move(&shares, CAUSE_DELIVERY, CAUSE_STEAL, 4);
	is_u64(shares.ns[CAUSE_DELIVERY], 6);
	is_u64(shares.ns[CAUSE_STEAL], 5);
	shares_move(&shares, CAUSE_DELIVERY, CAUSE_STEAL, UINT64_MAX);
	is_u64(shares.ns[CAUSE_DELIVERY], 0);
	is_u64(shares.ns[CAUSE_STEAL], 11);
	shares_move(&shares, CAUSE_STEAL, CAUSE_STEAL, 5);
	is_u64(shares.ns[CAUSE_STEAL], 11);
}

/* -- Calls --------------------------------------------------------------------------------------- */

static void test_calls(void)
{
	static const struct {
		const char *name;
		struct call_times times;
		uint64_t cpu_ns, reclaim_ns, running_ns, device_ns;
		uint64_t longest_ns; /* of the longest block's cause, if that is none of the above */
	} cases[] = {
		{"nothing known", {100, 60, 30, 0, 0, 0, CAUSE_UNKNOWN}, 30, 0, 10, 0, 60},
		{"nothing at all", {0, 0, 0, 0, 0, 0, CAUSE_UNKNOWN}, 0, 0, 0, 0, 0},
		{"only blocked",
		 {UINT64_MAX, UINT64_MAX, 0, 0, 0, 0, CAUSE_LOCK},
		 0,
		 0,
		 0,
		 0,
		 UINT64_MAX},
		{"device by its mark", {100, 60, 0, 50, 0, 0, CAUSE_UNKNOWN}, 0, 0, 40, 50, 10},
		{"device by its stack", {100, 60, 0, 0, 0, 60, CAUSE_DEVICE}, 0, 0, 40, 60, 0},
		{"a mark beyond the block", {100, 60, 0, 500, 0, 60, CAUSE_DEVICE}, 0, 0, 40, 60, 0},
		{"a lock, and short reads", {100, 60, 0, 20, 0, 40, CAUSE_LOCK}, 0, 0, 40, 20, 40},
		{"a lock marked as I/O", {100, 60, 0, 60, 0, 60, CAUSE_LOCK}, 0, 0, 40, 0, 60},
		{"a file system's I/O", {100, 60, 0, 60, 0, 60, CAUSE_FILESYSTEM}, 0, 0, 40, 60, 0},
		{"reclaim on the CPU", {100, 20, 0, 0, 30, 0, CAUSE_UNKNOWN}, 0, 30, 50, 0, 20},
		{"reclaim asleep", {100, 60, 0, 0, 50, 60, CAUSE_RECLAIM}, 0, 60, 40, 0, 0},
		{"more reclaim than it ran",
		 {100, 60, 20, 0, 30, 0, CAUSE_UNKNOWN},
		 20,
		 30,
		 20,
		 0,
		 30},
		{"more reclaim than time", {100, 60, 20, 0, 1000, 0, CAUSE_UNKNOWN}, 20, 80, 0, 0, 0},
		{"reclaim and a lock", {100, 60, 0, 0, 70, 60, CAUSE_LOCK}, 0, 70, 30, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum cause longest = cases[i].times.longest_cause;
		struct shares shares;
		uint64_t sum_ns = 0;

		cause_of_call(&cases[i].times, &shares);
		for (enum cause cause = 0; cause < CAUSES; cause++)
			sum_ns += shares.ns[cause];
		okf(sum_ns == cases[i].times.duration_ns, "%s: adds up", cases[i].name);
		is_u64(shares.ns[CAUSE_CPU], cases[i].cpu_ns);
		is_u64(shares.ns[CAUSE_RECLAIM], cases[i].reclaim_ns);
		is_u64(shares.ns[CAUSE_RUNNING], cases[i].running_ns);
		is_u64(shares.ns[CAUSE_DEVICE], cases[i].device_ns);
		if (longest != CAUSE_RECLAIM && longest != CAUSE_DEVICE)
			is_u64(shares.ns[longest], cases[i].longest_ns);
	}
}

static void test_names(void)
{
	for (enum cause cause = 0; cause < CAUSES; cause++) {
		okf(cause_catalog[cause].name, "cause %d has a name", cause);
		for (enum cause other = 0; other < cause; other++)
			if (streq(cause_catalog[cause].name, cause_catalog[other].name))
				okf(false, "%s is the name of two causes",
				    cause_catalog[cause].name);
	}
}

int main(void)
{
	test_nothing_known();
	test_kinds();
	test_slices_beyond_the_wait();
	test_overrun();
	test_forgotten_slices();
	test_unsure_slices();
	test_legs();
	test_legs_out_of_order();
	test_culprits();
	test_largest();
	test_clocks();
	test_limits();
	test_hiccup();
	test_move();
	test_calls();
	test_names();
	culprits_done(&named);
	return tap_done();
}
