// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Requests of block devices, from their submission to their completion: who kept each device busy. */
#include "device.h"
#include "cpu_slot.h"
#include "request.h"

#define USE_NS 2000000 /* requests of one submitter that complete in this time are one use */

/* include/linux/blk_types.h */
#define REQ_OP_MASK       0xff
#define REQ_OP_WRITE      1 /* set in all operations that write */
#define REQ_OP_FLUSH      2
#define REQ_OP_DRV_IN     34
#define REQ_OP_DRV_OUT    35
#define PAGE_MAPPING_ANON 1 /* include/linux/page-flags.h */
#define GFP_IO            0x40 /* include/linux/gfp_types.h */

/* Requests that have not completed, by address: each as a use that has not ended. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct device_use);
} device_requests SEC(".maps");

/* For whom a kernel thread writes, by the cgroup of the pages; false: unknown. */
static __always_inline bool name_cgroup(struct device_use *use, struct bio *bio,
					struct cgroup_root *unified)
{
	struct blkcg *blkcg;
	struct cgroup *cgroup;

	if (!bpf_core_field_exists(bio->bi_blkg))
		return false;
	blkcg = READ_FIELD(struct blkcg_gq, READ_FIELD(struct bio, bio, bi_blkg), blkcg);
	cgroup = blkcg ? READ_FIELD(struct blkcg, blkcg, css.cgroup) : NULL;
	/* In version 1, the controller has a hierarchy of its own. */
	if (!cgroup || READ_FIELD(struct cgroup, cgroup, root) != unified ||
	    !READ_FIELD(struct cgroup, cgroup, level))
		return false;
	use->cgroup_id = READ_FIELD(struct kernfs_node, READ_FIELD(struct cgroup, cgroup, kn), id);
	use->class = is_below(cgroup, 0) || is_included(cgroup) ? CLASS_INSIDE : CLASS_OUTSIDE;
	return true;
}

/*
 * The table of files has all files that the run has used. The file of a loop device belongs to all who use that device; only
 * its pages may not be allocated by I/O (loop_configure(), drivers/block/loop.c).
 */
static __always_inline u8 class_of_file(struct bio *bio)
{
	u64 page = (u64)READ_FIELD(struct bio_vec, READ_FIELD(struct bio, bio, bi_io_vec), bv_page);
	u64 head = 0, mapping = 0;
	struct inode *inode;
	struct file_id id;
	u16 mode;

	if (!measures_io || !bpf_core_field_exists(struct page, compound_head) ||
	    !bpf_core_field_exists(struct page, mapping))
		return CLASS_KERNEL;
	/* As numbers: the verifier does not let programs test bits of a pointer. */
	bpf_core_read(&head, sizeof(head), &((struct page *)page)->compound_head);
	if (head & 1)
		page = head - 1;
	bpf_core_read(&mapping, sizeof(mapping), &((struct page *)page)->mapping);
	if (!mapping || mapping & PAGE_MAPPING_ANON)
		return CLASS_KERNEL;
	inode = READ_FIELD(struct address_space, mapping, host);
	mode = identify_inode(inode, &id);
	if ((mode & S_IFMT) != S_IFREG ||
	    !(READ_FIELD(struct address_space, mapping, gfp_mask) & GFP_IO))
		return CLASS_KERNEL;
	return bpf_map_lookup_elem(&files, &id) ? CLASS_INSIDE : CLASS_OUTSIDE;
}

/* A worker of io_uring uses the device for the thread that submitted the request. */
static __always_inline void name_submitter(struct device_use *use, struct task_struct *task)
{
	struct request *request;
	u64 address;

	if (!follows_requests || !has_requests || !is_ring_worker(task))
		return;
	address = request_of_worker(task);
	request = bpf_map_lookup_elem(&requests, &address);
	if (!request)
		return;
	use->host_tid = request->id.host_tid;
	__builtin_memcpy(use->comm, request->comm, COMM_BYTES);
}

/* What a kworker does, and for whom: a limit of I/O lets it submit what it held back. */
static __always_inline void name_work(struct device_use *use, struct task_struct *task,
				      struct bio *bio)
{
	void *kthread;

	if (!(task->flags & PF_WQ_WORKER) || !bio || !bpf_core_field_exists(task->worker_private) ||
	    !bpf_core_field_exists(bio->bi_blkg))
		return;
	kthread = READ_FIELD(struct task_struct, task, worker_private);
	use->work = (u64)READ_FIELD(struct worker, READ_FIELD(struct kthread, kthread, data),
				    current_func);
	use->blkcg = (u64)READ_FIELD(struct blkcg_gq, READ_FIELD(struct bio, bio, bi_blkg), blkcg);
}

static __always_inline void name_user(struct device_use *use, struct request___block *rq)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct bio *bio = READ_FIELD(struct request___block, rq, bio);

	use->host_pid = task->tgid;
	use->host_tid = task->pid;
	use->cgroup_id = cgroup_id_of(task);
	use->by_loop = task->flags & PF_KTHREAD && task->flags & PF_LOCAL_THROTTLE;
	copy_comm(use->comm, task);
	name_submitter(use, task);
	name_work(use, task, bio);
	if (group_of(task) == 0)
		use->class = CLASS_INSIDE;
	else if (!(task->flags & PF_KTHREAD))
		use->class = CLASS_OUTSIDE;
	else if (!use->writes || !bio)
		use->class = CLASS_KERNEL;
	else if (!name_cgroup(use, bio, READ_FIELD(struct cgroup, cgroup_of(task), root)))
		use->class = use->by_loop ? CLASS_KERNEL : class_of_file(bio);
}

/* Returns false for a request that counts for nobody. */
static __always_inline bool describe_device_request(struct device_use *use,
						    struct request___block *rq)
{
	struct gendisk *disk =
		READ_FIELD(struct request_queue, READ_FIELD(struct request___block, rq, q), disk);
	u32 operation = READ_FIELD(struct request___block, rq, cmd_flags) & REQ_OP_MASK;
	u64 part = (u64)READ_FIELD(struct request___block, rq, part);

	/* The kernel's own flush is a part of the request that needs it, and that completes after it. */
	if (!disk || operation == REQ_OP_FLUSH || operation == REQ_OP_DRV_IN ||
	    operation == REQ_OP_DRV_OUT)
		return false;
	use->writes = operation & REQ_OP_WRITE;
	use->device = (u32)READ_FIELD(struct gendisk, disk, major) << 20 |
		      READ_FIELD(struct gendisk, disk, first_minor);
	use->partition = part ? READ_FIELD(struct block_device, part, bd_dev) : use->device;
	return true;
}

static __always_inline int begin_device_request(struct request___block *rq)
{
	struct device_use use = {};
	u64 key = (u64)rq;

	if (!describe_device_request(&use, rq))
		return 0;
	use.from_ns = use.submitted_ns = bpf_ktime_get_ns();
	name_user(&use, rq);
	if (bpf_map_update_elem(&device_requests, &key, &use, BPF_ANY))
		count_loss(LOSS_DEVICE_USES, use.from_ns);
	return 0;
}

/* Since 6.5 (kernel commit 5a80bd075f3b), in the context of the submitter. */
SEC("tp_btf/block_io_start")
int BPF_PROG(block_io_start, struct request___block *rq)
{
	return begin_device_request(rq);
}

/* For kernels without the above: a request is queued, or issued without being queued. */
SEC("tp_btf/block_rq_insert")
int BPF_PROG(block_rq_insert, struct request___block *rq)
{
	return begin_device_request(rq);
}

/*
 * Not with BPF_NOEXIST: before 6.4 (kernel commit d7ba4cc900bf) a program gets -EEXIST without its sign, and cannot tell it from
 * other errors.
 */
SEC("tp_btf/block_rq_issue")
int BPF_PROG(block_rq_issue, struct request___block *rq)
{
	u64 key = (u64)rq;

	return bpf_map_lookup_elem(&device_requests, &key) ? 0 : begin_device_request(rq);
}

static __always_inline struct device_recorder *device_recorder(u32 device)
{
	struct device_recorder *recorder;

#pragma nounroll
	for (u32 i = 0; i < DEVICES_MAX; i++) {
		u32 slot = i;

		recorder = bpf_map_lookup_elem(&devices, &slot);
		if (!recorder)
			return NULL;
		if (!recorder->device)
			__sync_val_compare_and_swap(&recorder->device, 0, device);
		if (recorder->device == device)
			return recorder;
	}
	return NULL;
}

static __always_inline void add_use(struct device_recorder *recorder, const struct device_use *more)
{
	struct device_use *last = &recorder->uses[(recorder->written - 1) & (USES_MAX - 1)];

	if (last->host_tid == more->host_tid && last->class == more->class &&
	    last->by_loop == more->by_loop && last->blkcg == more->blkcg &&
	    last->work == more->work && last->writes == more->writes &&
	    last->partition == more->partition && last->cgroup_id == more->cgroup_id &&
	    more->until_ns - last->from_ns < USE_NS) {
		last->until_ns = more->until_ns;
		last->submitted_ns = more->submitted_ns;
		last->busy_ns += more->busy_ns;
		last->bytes += more->bytes;
		return;
	}
	recorder->uses[recorder->written & (USES_MAX - 1)] = *more;
	recorder->written++;
}

/* A request is done, or a part of it. */
static __always_inline void end_use(struct device_use *use, u64 bytes, u64 now_ns)
{
	struct device_recorder *recorder = device_recorder(use->device);

	if (!recorder) {
		count_loss(LOSS_DEVICE_USES, now_ns);
		return;
	}
	if (use->from_ns < recorder->completed_ns)
		use->from_ns = recorder->completed_ns;
	if (use->from_ns > now_ns)
		use->from_ns = now_ns;
	use->until_ns = now_ns;
	use->busy_ns = now_ns - use->from_ns;
	use->bytes = bytes;
	recorder->completed_ns = now_ns;
	add_use(recorder, use);
}

SEC("tp_btf/block_rq_complete")
int BPF_PROG(block_rq_complete, struct request___block *rq, int error, unsigned int bytes)
{
	u64 key = (u64)rq, now_ns = bpf_ktime_get_ns();
	struct device_use use = {.class = CLASS_UNSURE, .from_ns = now_ns};
	struct device_use *begun = bpf_map_lookup_elem(&device_requests, &key);

	/* Without its begin, which was before the tracing, all that it shows is that others were not served until now. */
	if (begun)
		use = *begun;
	else if (!describe_device_request(&use, rq))
		return 0;
	end_use(&use, bytes, now_ns);
	if (begun && bytes >= READ_FIELD(struct request___block, rq, __data_len))
		bpf_map_delete_elem(&device_requests, &key);
	return 0;
}

/* -- For a stall ----------------------------------------------------------------------------------- */

/* In a map for the reason given at struct walk (path.h). */
struct uses_scratch {
	u64 newest; /* one past the newest use of the device when its copy began */
	u64 most; /* to be copied with those of this device */
	u64 count; /* copied, over all devices */
	struct record_device_uses record;
	struct device_use uses[USES_COPIED_ALL];
};

/* One for each CPU, as struct stall_scratch (sched.bpf.c). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct uses_scratch);
} uses_scratch SEC(".maps");

struct uses_context {
	struct uses_scratch *scratch;
	struct device_recorder *recorder;
};

static long copy_use(u32 step, struct uses_context *context)
{
	struct uses_scratch *scratch = context->scratch;
	u64 count = scratch->count;
	struct device_use *from;

	if (step >= scratch->newest || count >= scratch->most || count >= USES_COPIED_ALL)
		return 1;
	from = &context->recorder->uses[(scratch->newest - 1 - step) & (USES_MAX - 1)];
	if (from->until_ns <= scratch->record.start_ns)
		return 1;
	if (from->from_ns >= scratch->record.header.time_ns)
		return 0;
	scratch->uses[count] = *from;
	scratch->count = count + 1;
	return 0;
}
LOOP_STEP(copy_use, struct uses_context, USES_MAX)

/* The thread's cgroup of the controller of block devices, in whichever hierarchy that is; 0: unknown, or it is another thread. */
static __always_inline u64 blkcg_of(u32 host_tid)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct css_set *set;
	u32 id;

	if (task->pid != (int)host_tid ||
	    !bpf_core_enum_value_exists(enum cgroup_subsys_id, io_cgrp_id))
		return 0;
	id = bpf_core_enum_value(enum cgroup_subsys_id, io_cgrp_id);
	set = READ_FIELD(struct task_struct, task, cgroups);
	/* The state of the controller is the first member of struct blkcg. */
	return (u64)READ_FIELD(struct css_set, set, subsys[id]);
}

__noinline int send_uses(u64 start_ns, u64 end_ns, u32 host_tid, u32 group)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct uses_context context = {.scratch = bpf_map_lookup_elem(&uses_scratch, &cpu)};
	struct record_device_uses *record;
	u64 count;

	if (!context.scratch)
		return 0;
	record = &context.scratch->record;
	record->header.type = RECORD_DEVICE_USES;
	record->header.group = group;
	record->header.time_ns = end_ns;
	record->start_ns = start_ns;
	record->blkcg = blkcg_of(host_tid);
	record->host_tid = host_tid;
	context.scratch->count = 0;
#pragma nounroll
	for (u32 i = 0; i < DEVICES_MAX; i++) {
		u32 slot = i;

		context.recorder = bpf_map_lookup_elem(&devices, &slot);
		if (!context.recorder || !context.recorder->device)
			break;
		context.scratch->newest = context.recorder->written;
		context.scratch->most = context.scratch->count + USES_COPIED;
		LOOP(copy_use, &context);
	}
	count = context.scratch->count;
	if (!count || count > USES_COPIED_ALL)
		return 0;
	/* The stalls themselves are worth more than who used the device. */
	if (bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) > RECORDS_BYTES / 2) {
		count_loss(LOSS_DEVICE_USES, end_ns);
		return 0;
	}
	record->count = count;
	send_record(record, sizeof(*record) + count * sizeof(struct device_use), LOSS_DEVICE_USES);
	return 0;
}
