/* What a recorder with more privilege than its caller, or its command, keeps from them and gives up. */
#pragma once

/* With file capabilities or as set-user-ID: what the process holds is not for its caller to look at. */
void privilege_hide(void);

/*
 * Drops every capability from the permitted set that the rest of a run has no use for; for root only, as
 * nobody else has them but by file. When the command's process is made, and before it is released: it is to
 * have the caller's. To get them back by exec would make it another: not dumpable.
 */
void privilege_drop(void);
