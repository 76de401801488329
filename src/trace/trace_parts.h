/* SPDX-License-Identifier: MIT */
/* Loads two BPF objects of one file at the same time: the programs of both use the same maps. */
#pragma once

#include <bpf/libbpf.h>

/*
 * Makes the maps as they are configured in one, and loads both objects with them. Both were opened from the same file.
 * Returns 0 or -errno; then one of them may be loaded.
 */
int trace_parts_load(struct bpf_object_skeleton *one, struct bpf_object_skeleton *other);
