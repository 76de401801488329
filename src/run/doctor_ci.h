/* What the CI system that we are in must be told, so that its jobs may measure */
#pragma once

#include <stdbool.h>

#include "run/diagnosis.h"

/* allowed: this process has the privilege, and made a cgroup */
void doctor_check_ci(struct diagnosis *diagnosis, bool allowed);
