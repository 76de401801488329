/* Spans as async trace events, on as few lanes as there were tests at the same time */
#pragma once

#include "views/trace/trace_print.h"

void trace_print_spans(struct trace *t);
