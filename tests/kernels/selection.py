"""Which tests also run inside other kernels: what depends on the kernel, and holds on an emulated machine"""

import fnmatch

# By node ID below tests/, as patterns of fnmatch: of each subject what depends on the kernel. What compares two clocks
# closely, floods the CPU, or asks that nothing but the test's own stall happens, is not among them: emulation is slow.
KERNELS = """
    kernels/inside.py::*
    integration/test_causes_cpu.py::test_neighbour_in_another_cgroup
    integration/test_causes_cpu.py::test_quota[[]*]
    integration/test_causes_cpu.py::test_siblings
    integration/test_causes_hiccup.py::test_hiccup
    integration/test_causes_hiccup.py::test_hiccup_of_another_cpu_is_not_the_runs
    integration/test_causes_io.py::test_file_lock[[]flock]
    integration/test_causes_io.py::test_fsync_on_a_slow_disk
    integration/test_causes_io.py::test_limit_of_reads[[]*]
    integration/test_causes_io.py::test_lock_inside_the_kernel[[]0]
    integration/test_causes_io.py::test_page_of_a_slow_disk
    integration/test_causes_lock.py::test_holder_outside[[]flock-exit]
    integration/test_causes_lock.py::test_signal_ends_the_wait[[]on-flock]
    integration/test_causes_io.py::test_read_by_way_of_a_scheduler[[]None]
    integration/test_aio.py::test_counts_are_exact[[]*]
    integration/test_aio.py::test_slow_request[[]fsync]
    integration/test_compat.py::test_same_as_64_bit
    integration/test_causes_depend_on_program.py::test_depends_on[[]hrtimer_expire_entry]
    integration/test_cpu.py::test_culprit_is_named[[]*]
    integration/test_cpu.py::test_starved_thread[[]fork]
    integration/test_cpu.py::test_starved_thread[[]pipe]
    integration/test_cpu.py::test_wait_goes_on_across_cpus
    integration/test_exit.py::test_leftover_is_killed[[]daemon]
    integration/test_exit.py::test_leftover_is_left[[]daemon]
    integration/test_io.py::test_counts_are_exact
    integration/test_io.py::test_deleted_file
    integration/test_io.py::test_eight_threads_at_once[[]*]
    integration/test_blocked.py::test_page_fault[[]mlock]
    integration/test_bpf_objects.py::test_same_by_all_types_of_the_kernel[[]*]
    integration/test_io.py::test_page_fault_is_not_a_call
    integration/test_io.py::test_write_to_a_page_that_is_written_back[[]read]
    integration/test_io.py::test_still_inside_a_call_at_the_end
    integration/test_io_uring.py::test_counts_are_exact[[]*]
    integration/test_io_uring.py::test_slow_request[[]fsync]
    integration/test_io_uring.py::test_slow_request[[]renameat]
    integration/test_launch.py::test_nested_cgroups_count_and_go
    integration/test_loss.py::test_recorder_that_cannot_keep_up
    integration/test_process.py::test_children_and_their_ends
    integration/test_process.py::test_exec_from_another_thread
    integration/test_process.py::test_process_moved_into_the_cgroup
    integration/test_process.py::test_threads_that_the_kernel_adds[[]worker]
    integration/test_process.py::test_vfork
    integration/test_depends_on_program.py::test_depends_on[[]sched_switch]
    integration/test_depends_on_program.py::test_depends_on[[]sys_exit]
    integration/test_kernel_fallbacks.py::test_whose_it_is[[]no-ancestors]
    integration/test_kernel_fallbacks.py::test_whose_it_is[[]no-prev-state]
    integration/test_kernel_fallbacks.py::test_whose_it_is[[]no-rdonly-cast]
    spans/test_span_command.py::test_begin_and_end
    spans/test_span_command.py::test_nested
""".split()

# LATWRAP_FAULT: what kernels after 5.15 brought
AS_5_15 = ",".join(["no-prev-state", "no-rdonly-cast", "no-ancestors", "no-storage-allocator", "no-tracepoint:contention_begin",
                    "no-tracepoint:contention_end", "no-tracepoint:mm_filemap_fault", "no-tracepoint:io_uring_submit_req",
                    "no-tracepoint:io_uring_submit_sqe"])
# What needs that: only contention_begin tells a lock of the kernel from what else a file waits for, and before 6.0
# io_uring_submit_sqe has no request.
NOT_AS_5_15 = ["integration/test_causes_io.py::test_lock_inside_the_kernel[0]", "integration/test_io_uring.py"]


def is_selected(node_id):
    return any(fnmatch.fnmatchcase(node_id.removeprefix("tests/"), pattern) for pattern in KERNELS)


def files():
    return sorted({pattern.split("::")[0] for pattern in KERNELS})
