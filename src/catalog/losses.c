/* The catalog of losses: the words for each loss counter */
#include "catalog/losses.h"

const char *const loss_names[LOSS_KINDS] = {
	[LOSS_RINGBUF_STALL] = "stalls that found no room in the ring buffer",
	[LOSS_RINGBUF_PROCESS] = "process records that found no room in the ring buffer",
	[LOSS_RINGBUF_FILE] = "file names that found no room in the ring buffer",
	[LOSS_THREAD_STORAGE] = "threads without memory for their state",
	[LOSS_THREAD_UNKNOWN] = "switches of threads without state",
	[LOSS_FILE_TABLE] = "calls on files beyond the file table",
	[LOSS_THREAD_UNENDED] = "threads whose last totals did not arrive in time",
	[LOSS_SWITCH_UNSEEN] = "switches to threads of the run that the kernel did not show",
	[LOSS_CALLS_UNSAVED] = "times that calls could not be assigned to a thread",
	[LOSS_RINGBUF_OFF_CPU] = "times off the CPU, which the accounts of tests lack",
	[LOSS_SERVICES] = "threads outside the run that it woke, beyond those that can be followed",
	[LOSS_REQUESTS] = "requests of io_uring or Linux AIO beyond those that can be followed",
	[LOSS_AIO_END] =
		"requests of Linux AIO whose end was not seen: io_getevents did not return them",
	[LOSS_REQUEST_END] = "requests of io_uring whose completion the kernel did not show",
	[LOSS_INCLUDED] = "cgroups of --include that found no room",
	[LOSS_RINGBUF_RESULTS] = "printed results of tests that found no room in the ring buffer",
	[LOSS_DEVICE_USES] = "requests of block devices that found no room",
	[LOSS_LOG] = "events of the log that found no room, or could not be written",
	[LOSS_COMPAT_CALL] = "system calls of x32 and 32-bit ARM programs, not decoded",
};

const char *const span_loss_names[SPAN_LOSSES] = {
	[SPAN_LOSS_UNREADABLE] = "messages about spans that could not be read",
	[SPAN_LOSS_UNSENT] = "messages about spans that could not be sent",
	[SPAN_LOSS_REFUSED] = "spans begun while too many were open",
	[SPAN_LOSS_UNKNOWN] = "messages about spans that had not begun",
	[SPAN_LOSS_UNPLANNED] = "announced tests beyond the limit of the plan",
	[SPAN_LOSS_PRINTED] = "programs whose printed results of tests contradict each other",
	[SPAN_LOSS_STRANGER] = "messages about spans from outside the run",
	[SPAN_LOSS_FILE] = "JUnit files that could not be read, or not whole",
	[SPAN_LOSS_CASE] = "test cases of JUnit files that could not be taken",
};

const char loss_bad_records[] = "records that could not be decoded";
const char loss_device_uses_cut[] =
	"file stalls with more requests of their device than are remembered";
const char loss_off_cpu_memory[] = "times off the CPU, or threads, for which there was no memory";
