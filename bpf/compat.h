/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* System calls of 32-bit programs: other numbers, registers and arguments for what a 64-bit program does. */
#ifndef LATWRAP_COMPAT_H
#define LATWRAP_COMPAT_H

#include "state.h"

/* By the number that a 32-bit program uses. */
const volatile struct compat_rule compat_rules[CALL_TABLE_SIZE] = {};

/* Above all numbers: a call that is none of the table's. */
#define NUMBER_OTHER CALL_TABLE_SIZE

#if defined(__TARGET_ARCH_x86)
#define TS_COMPAT 2 /* arch/x86/include/asm/thread_info.h: in a 32-bit system call */
#define X32_BIT   0x40000000 /* arch/x86/include/uapi/asm/unistd.h: __X32_SYSCALL_BIT */

/* A 64-bit program can make such a call, too (int $0x80). */
static __always_inline bool in_compat_call(struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT;
}

static __always_inline bool is_undecoded(struct pt_regs *regs, long number)
{
	return number >= X32_BIT;
}
#elif defined(__TARGET_ARCH_arm64)
#define PSR_MODE32_BIT 0x10 /* arch/arm64/include/uapi/asm/ptrace.h */

/* The table has no calls of 32-bit ARM programs. */
static __always_inline bool in_compat_call(struct task_struct *task)
{
	return READ_FIELD(struct pt_regs, bpf_task_pt_regs(task), pstate) & PSR_MODE32_BIT;
}

static __always_inline bool is_undecoded(struct pt_regs *regs, long number)
{
	return regs->pstate & PSR_MODE32_BIT;
}
#endif

/* The number of the call that does the same in a 64-bit program. */
static __always_inline long number_of_compat(long number)
{
	const volatile struct compat_rule *rule = &compat_rules[number & (CALL_TABLE_SIZE - 1)];

	return number < CALL_TABLE_SIZE && rule->layout ? rule->number : NUMBER_OTHER;
}

#endif
