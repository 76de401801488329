"""Which tests also run inside other kernels: what depends on the kernel, and holds on an emulated machine"""

import fnmatch

# By node ID below tests/, as patterns of fnmatch. What compares two clocks closely, or floods the CPU, is not among them.
KERNELS = """
    kernels/inside.py::*
    integration/test_causes_cpu.py::test_quota[[]own]
    integration/test_causes_io.py::test_user_space_file_system
    integration/test_cpu.py::test_starved_thread[[]pipe]
    integration/test_cpu.py::test_starved_thread[[]fork]
    integration/test_exit.py::test_leftover_is_killed[[]daemon]
    integration/test_io.py::test_deleted_file
    integration/test_io.py::test_killed_inside_a_call
    integration/test_launch.py::test_command_is_in_its_own_cgroup_from_the_start[[]faults0]
    integration/test_launch.py::test_nested_cgroups_count_and_go
    integration/test_process.py::test_children_and_their_ends
    integration/test_process.py::test_exec_from_another_thread
    integration/test_process.py::test_process_moved_into_the_cgroup
""".split()


def is_selected(node_id):
    return any(fnmatch.fnmatchcase(node_id.removeprefix("tests/"), pattern) for pattern in KERNELS)
