/* Find the processes that the command started when there is no cgroup: all descendants */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * Makes orphans among our descendants our own children (PR_SET_CHILD_SUBREAPER), so that none
 * leaves the tree. Call this after child_start(), which saves the setting of the caller, and before
 * child_release().
 */
void descendants_keep(void);

/*
 * Sends sig to all living descendants except the process `except` (the witness); sig 0 only counts
 * them. Repeats SIGKILL until no new process appears. Returns their number at the first pass.
 */
size_t descendants_signal(pid_t except, int sig);
