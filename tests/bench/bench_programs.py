"""How long the BPF programs are that a process holds, and how much work the verifier had with them"""

import ctypes
import os
import re
import struct

BPF_PROG_GET_FD_BY_ID, BPF_OBJ_GET_INFO_BY_FD = 13, 15  # include/uapi/linux/bpf.h: enum bpf_cmd
SYS_BPF = {"x86_64": 321, "aarch64": 280}
NAME_BYTES = 15
# struct bpf_prog_info: xlated_prog_len, name, verified_insns
XLATED_AT, NAME_AT, VERIFIED_AT, INFO_BYTES = 20, 64, 216, 232


def bpf(command, attributes):
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    return libc.syscall(SYS_BPF[os.uname().machine], command, buffer, len(attributes))


def describe(program_id):
    fd = bpf(BPF_PROG_GET_FD_BY_ID, struct.pack("<IIII", program_id, 0, 0, 0))
    if fd < 0:
        return None
    info = ctypes.create_string_buffer(INFO_BYTES)
    result = bpf(BPF_OBJ_GET_INFO_BY_FD, struct.pack("<IIQ", fd, INFO_BYTES, ctypes.addressof(info)))
    os.close(fd)
    if result < 0:
        return None
    name = info.raw[NAME_AT:NAME_AT + NAME_BYTES + 1].split(b"\0")[0].decode()
    length, = struct.unpack_from("<I", info.raw, XLATED_AT)
    verified, = struct.unpack_from("<I", info.raw, VERIFIED_AT)
    return name, {"instructions": length // 8, "verified": verified}


def sizes(pid):
    """{name, cut to what the kernel keeps: {"instructions", "verified"}}"""
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as file:
                match = re.search(r"^prog_id:\s*(\d+)", file.read(), re.MULTILINE)
        except OSError:
            continue
        described = describe(int(match.group(1))) if match else None
        if described:
            found[described[0]] = described[1]
    return found
