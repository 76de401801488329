/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Kernel types that the BPF programs read, by hand: only the members in use, relocated by CO-RE. */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

/*
 * Written against kernel BTF from 5.15 to 7.x. Layout and order here mean nothing: every member is
 * found by name in the running kernel's BTF when the program is loaded (Documentation/bpf/btf.rst,
 * "preserve_access_index"). A type with a ___suffix is a flavour: an older or newer shape of the same
 * kernel type, chosen at load time with bpf_core_field_exists().
 */

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u8 u8;
typedef __s8 s8;
typedef __u16 u16;
typedef __s16 s16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef _Bool bool;
enum { false = 0, true = 1 };
#define NULL ((void *)0)

/* include/uapi/linux/bpf.h: the few values in use. */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1,
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
	BPF_RB_AVAIL_DATA = 0,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	u64 id;
};

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup_root;

struct cgroup {
	struct cgroup_subsys_state self;
	struct cgroup_root *root;
	int level;
	struct kernfs_node *kn;
	struct cgroup *ancestors[];
};

enum cgroup_subsys_id {
	io_cgrp_id,
};

struct css_set {
	struct cgroup *dfl_cgrp;
	struct cgroup_subsys_state *subsys[16];
};

/* kernel/kthread.c, of every kernel thread; its data is the worker of a kworker, kernel/workqueue_internal.h */
struct kthread {
	void *data;
};

struct worker {
	void *current_func;
};

struct super_block {
	u32 s_dev;
	unsigned long s_magic;
};

struct inode {
	u16 i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
	u32 i_generation;
};

struct address_space {
	struct inode *host;
	u32 gfp_mask; /* gfp_t */
};

struct page {
	struct address_space *mapping;
	unsigned long compound_head;
};

struct bio_vec {
	struct page *bv_page;
};

struct blkcg {
	struct cgroup_subsys_state css;
};

struct blkcg_gq {
	struct blkcg *blkcg;
};

/* bi_blkg: CONFIG_BLK_CGROUP */
struct bio {
	struct bio_vec *bi_io_vec;
	struct blkcg_gq *bi_blkg;
};

struct gendisk {
	int major;
	int first_minor;
};

struct request_queue {
	struct gendisk *disk;
};

struct block_device {
	u32 bd_dev;
};

/* A flavour only because bpf/request.h has a struct request, too */
struct request___block {
	struct request_queue *q;
	unsigned int cmd_flags;
	unsigned int __data_len;
	struct bio *bio;
	struct block_device *part;
};

struct qstr {
	const unsigned char *name;
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct inode *f_inode;
	unsigned int f_mode;
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct vm_area_struct {
	struct file *vm_file;
	unsigned long vm_start;
	unsigned long vm_pgoff;
};

struct mm_struct {
	unsigned long env_start;
	unsigned long env_end;
	unsigned long arg_start;
	unsigned long arg_end;
	struct file *exe_file;
};

struct linux_binprm {
	struct file *file;
};

struct upid {
	int nr;
};

struct pid {
	unsigned int level;
	struct upid numbers[];
};

struct sched_info {
	unsigned long long run_delay;
	unsigned long long last_arrival;
};

struct rt_rq {
	int rt_throttled;
};

struct task_struct;

/* prev_steal_time_rq: CONFIG_PARAVIRT_TIME_ACCOUNTING; prev_irq_time: CONFIG_IRQ_TIME_ACCOUNTING */
struct rq {
	int cpu;
	u64 clock;
	struct rt_rq rt;
	struct task_struct *curr;
	u64 prev_steal_time_rq;
	u64 prev_irq_time;
};

/* CONFIG_CFS_BANDWIDTH; the _self_ clock since 6.6 (kernel commit 677ea015f231), _pelt_ instead of _task_ since 5.19 */
struct cfs_rq {
	struct rq *rq;
	u64 throttled_clock_self_time;
	u64 throttled_clock_pelt_time;
	u64 throttled_clock_task_time;
};

struct sched_entity {
	u64 sum_exec_runtime;
	struct cfs_rq *cfs_rq;
};

struct timerqueue_node {
	s64 expires;
};

struct hrtimer {
	struct timerqueue_node node;
	unsigned char is_soft;
};

struct sched_dl_entity {
	unsigned int dl_throttled : 1;
	unsigned int dl_yielded : 1;
	struct hrtimer dl_timer;
};

/* CONFIG_SECCOMP */
struct seccomp {
	int mode;
};

/* Since 6.9 what struct file_lock begins with. Before, its members are those of struct file_lock, with other names. */
struct file_lock_core {
	struct file_lock_core *flc_blocker;
	int flc_pid;
};

struct file_lock___whole {
	struct file_lock___whole *fl_blocker;
	unsigned int fl_pid;
};

typedef struct {
	u64 sig[1];
} sigset_t;

struct sigpending {
	sigset_t signal;
};

struct signal_struct {
	unsigned int flags;
	int group_exit_code;
	struct sigpending shared_pending;
};

struct thread_info {
	unsigned long flags;
	u32 status; /* x86: TS_COMPAT */
};

typedef struct {
	unsigned int val;
} kuid_t;

struct cred {
	kuid_t uid;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state;
	unsigned int flags;
	u32 on_cpu; /* its size differs: libbpf adapts only loads of unsigned numbers */
	int prio;
	unsigned int policy;
	int pagefault_disabled;
	void *stack;
	struct sched_entity se;
	struct sched_dl_entity dl;
	struct sched_dl_entity *dl_server; /* since 6.8: the server that runs it, NULL: none */
	struct sched_info sched_info;
	struct mm_struct *mm;
	int exit_code;
	unsigned int in_iowait : 1;
	unsigned int frozen : 1;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	u64 utime;
	u64 stime;
	struct cred *real_cred;
	char comm[16];
	void *worker_private; /* of a worker of io_uring: its struct io_worker; of a kernel thread since 5.17: its struct kthread */
	struct fs_struct *fs;
	struct files_struct *files;
	struct signal_struct *signal;
	sigset_t blocked;
	struct sigpending pending;
	unsigned long jobctl;
	struct seccomp seccomp;
	struct css_set *cgroups;
	void *bpf_storage; /* of tasks that BPF keeps something for */
};

/* Since 6.4, and instead of it since 6.19: an allocator that works under any lock (kernel commit 08a7ce384e33). */
struct bpf_mem_alloc {
	void *cache;
};

struct bpf_local_storage_map {
	struct bpf_mem_alloc selem_ma;
	bool use_kmalloc_nolock;
};

/* io_uring: each request begins with the structure of its operation. */
struct io_wq_work {
	int cancel_seq;
};

struct io_worker {
	struct io_wq_work *cur_work;
};

struct io_cqe {
	u64 user_data;
	s32 res;
	int fd;
};

struct io_ring_ctx {
	u64 flags; /* 32 bits */
};

struct io_kiocb {
	struct file *file;
	u8 opcode;
	u64 flags; /* 32 bits before 6.8 */
	struct io_cqe cqe;
	struct io_ring_ctx *ctx;
	struct io_kiocb *link;
	struct io_wq_work work;
};

struct kiocb {
	s64 ki_pos;
};

struct io_rw {
	struct kiocb kiocb;
	u32 len;
};

struct io_sync {
	s64 off;
};

struct io_fadvise {
	u64 offset;
};

struct io_splice {
	int splice_fd_in;
	unsigned int flags;
};

struct io_close {
	int fd;
	u32 file_slot;
};

struct filename {
	const char *name;
};

struct open_how___kernel {
	u64 flags;
	u64 mode;
};

struct io_open {
	int dfd;
	u32 file_slot;
	struct filename *filename;
	struct open_how___kernel how;
};

struct io_statx {
	int dfd;
	struct filename *filename;
};

struct io_unlink {
	int dfd;
	struct filename *filename;
};

struct io_mkdir {
	int dfd;
	u16 mode;
	struct filename *filename;
};

struct io_rename {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
};

struct io_link {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
};

struct io_xattr {
	struct filename *filename;
};

/* Since 7.0 in place of a pointer to a filename. */
struct delayed_filename {
	struct filename *__incomplete_filename;
};

struct io_open___delayed {
	struct delayed_filename filename;
};

struct io_statx___delayed {
	struct delayed_filename filename;
};

struct io_unlink___delayed {
	struct delayed_filename filename;
};

struct io_mkdir___delayed {
	struct delayed_filename filename;
};

struct io_rename___delayed {
	struct delayed_filename oldpath;
	struct delayed_filename newpath;
};

struct io_link___delayed {
	struct delayed_filename oldpath;
	struct delayed_filename newpath;
};

struct io_xattr___delayed {
	struct delayed_filename filename;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r10, r9, r8, ax, dx, si, di, orig_ax;
	unsigned long r15, r14, r13, r12, bp, bx, r11, cx, ip, cs, flags, sp, ss;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31];
	u64 sp, pc, pstate;
	u64 orig_x0;
	s32 syscallno;
};
struct user_pt_regs {
	u64 regs[31];
	u64 sp, pc, pstate;
};
#endif

#pragma clang attribute pop

#endif
