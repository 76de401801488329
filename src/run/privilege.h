/* What a recorder with more privilege than its caller, or its command, keeps from them and gives up. */
#pragma once

/* With file capabilities or as set-user-ID: what the process holds is not for its caller to look at. */
void privilege_hide(void);

/*
 * Drops every capability from the permitted set that the rest of a run has no use for; for root only, as
 * nobody else has them but by file. The command has its own again: exec gives root all that the bounding
 * set allows. Where that is not so (SECBIT_NOROOT), nothing is dropped.
 */
void privilege_drop(void);
