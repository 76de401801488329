/* Prints spans as async trace events, on as few lanes as tests that ran at once */
#pragma once

#include "views/trace/trace_print.h"

void trace_print_spans(struct trace *t);
