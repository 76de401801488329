"""Which tests also run inside other kernels: what depends on the kernel, and holds on an emulated machine"""

import fnmatch

# By node ID below tests/, as patterns of fnmatch. What compares two clocks closely, or floods the CPU, is not among them.
KERNELS = """
    kernels/inside.py::*
    integration/test_cpu.py::test_starved_thread[[]fork]
    integration/test_exit.py::test_leftover_is_killed[[]daemon]
    integration/test_io.py::test_deleted_file
    integration/test_launch.py::test_nested_cgroups_count_and_go
    integration/test_process.py::test_children_and_their_ends
    integration/test_process.py::test_process_moved_into_the_cgroup
""".split()


def is_selected(node_id):
    return any(fnmatch.fnmatchcase(node_id.removeprefix("tests/"), pattern) for pattern in KERNELS)


def files():
    return sorted({pattern.split("::")[0] for pattern in KERNELS})
