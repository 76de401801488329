/* SPDX-License-Identifier: MIT */
/* A few of the kernel's types, among which libbpf quickly finds those that an object reads. */
#pragma once

#include <bpf/btf.h>

/*
 * Returns a descriptor of a file that has those of the kernel's types that have a name of object's types, with their
 * members, each with its number in the kernel; or -errno.
 */
int trace_types_new(const struct btf *kernel, const struct btf *object);
