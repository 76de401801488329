"""Attaches programs that do nothing (empty.bpf.c) until its input ends: bench_empty.py OBJECT"""

import ctypes
import sys


def main(path):
    libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
    for name in ("bpf_object__open_file", "bpf_object__next_program", "bpf_program__attach"):
        getattr(libbpf, name).restype = ctypes.c_void_p
    found = libbpf.bpf_object__open_file(path.encode(), None)
    if not found or libbpf.bpf_object__load(ctypes.c_void_p(found)):
        sys.exit("cannot load the empty programs")
    program = libbpf.bpf_object__next_program(ctypes.c_void_p(found), None)
    while program:
        if not libbpf.bpf_program__attach(ctypes.c_void_p(program)):
            sys.exit("cannot attach an empty program")
        program = libbpf.bpf_object__next_program(ctypes.c_void_p(found), ctypes.c_void_p(program))
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
