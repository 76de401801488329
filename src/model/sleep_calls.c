/* The system calls that threads sleep in outside of files: the name of each, and what it waits for */
#include "model/sleep_calls.h"

#include <sys/syscall.h>

#include "base/util.h"

#define CALL(name, part)                          \
	{                                         \
		SYS_##name,                       \
		{                                 \
#name, PART_##part, false \
		}                                 \
	}

static const struct {
	int number;
	struct sleep_call call;
} calls[] = {
	CALL(futex, LOCK),
	CALL(wait4, CHILD),
	CALL(waitid, CHILD),
	CALL(clone, CHILD),
	CALL(clone3, CHILD),
	CALL(read, PIPE),
	CALL(readv, PIPE),
	CALL(write, PIPE),
	CALL(writev, PIPE),
	CALL(sendfile, PIPE),
	CALL(splice, PIPE),
	CALL(ppoll, PIPE),
	CALL(pselect6, PIPE),
	CALL(epoll_pwait, PIPE),
	CALL(epoll_pwait2, PIPE),
	CALL(recvfrom, PIPE),
	CALL(recvmsg, PIPE),
	CALL(recvmmsg, PIPE),
	CALL(sendto, PIPE),
	CALL(sendmsg, PIPE),
	CALL(sendmmsg, PIPE),
	CALL(accept, PIPE),
	CALL(accept4, PIPE),
	CALL(connect, PIPE),
	CALL(io_uring_enter, PIPE),
	CALL(io_getevents, UNKNOWN),
	CALL(io_pgetevents, UNKNOWN),
	CALL(msgrcv, PIPE),
	CALL(mq_timedreceive, PIPE),
	CALL(semtimedop, LOCK),
	CALL(rt_sigtimedwait, UNKNOWN),
	CALL(rt_sigsuspend, UNKNOWN),
	CALL(exit_group, UNKNOWN),
	CALL(execve, UNKNOWN),
#ifdef SYS_vfork
	CALL(vfork, CHILD),
	CALL(poll, PIPE),
	CALL(select, PIPE),
	CALL(epoll_wait, PIPE),
	CALL(pause, UNKNOWN),
#endif
	{SYS_nanosleep, {"nanosleep", PART_UNKNOWN, true}},
	{SYS_clock_nanosleep, {"clock_nanosleep", PART_UNKNOWN, true}},
};

struct sleep_call sleep_call_find(int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].number == number)
			return calls[i].call;
	return (struct sleep_call){NULL, PART_UNKNOWN, false};
}
