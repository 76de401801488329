/* The account of a span when it settles: its thread, its time, and as much of the details as is worth its memory. */
#pragma once

struct account;
struct model;
struct span;

/* Where the span's time went until it was known to fail, or until its end; NULL if nothing was measured. The caller owns it. */
struct account *span_account(const struct model *model, const struct span *span);
