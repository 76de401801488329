/* Checks of the doctor that read files of the kernel: privilege, version, lockdown and more */
#pragma once

#include <stdbool.h>

#include "run/diagnosis.h"

struct system_state {
	bool privileged; /* the capabilities allow to load BPF programs for tracing */
	bool confidential; /* lockdown does not let BPF read kernel memory */
};
void doctor_check_system(struct diagnosis *diagnosis, struct system_state *ret);
/* The kind of the container that we are in, or NULL if none was found */
const char *doctor_container(void);
/* The checks that no run depends on */
void doctor_check_extras(struct diagnosis *diagnosis);
