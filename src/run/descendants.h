/* All that the command has started, where no cgroup tells: by who descends from whom. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * Makes orphans below us our own children (PR_SET_CHILD_SUBREAPER), so that none leaves the tree. To be called
 * between child_start(), which looks whether the caller had it so, and child_release().
 */
void descendants_keep(void);

/*
 * Sends sig to every living process below us but `except`, the witness; sig 0 only counts them. SIGKILL is repeated
 * until nobody new turns up. Returns how many there were.
 */
size_t descendants_signal(pid_t except, int sig);
