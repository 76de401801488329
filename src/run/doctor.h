/* Try each part that a run needs on this machine, and say what to do about the missing ones */
#pragma once

#include "run/diagnosis.h"

/*
 * Tries each part as a run does: makes a cgroup and a process in it, loads and attaches the BPF
 * programs; then removes everything. Works without privileges and says what is missing. faults is
 * LATWRAP_FAULT and may be NULL. Takes about 1 s and never fails. The caller frees *ret with
 * diagnosis_done().
 */
void doctor_examine(const char *faults, struct diagnosis *ret);
