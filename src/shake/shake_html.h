/* What latwrap shake found, as an HTML page that loads nothing */
#pragma once

#include <stdio.h>

#include "catalog/shake.h"

void shake_print_html(const struct shake *shake, FILE *out);
