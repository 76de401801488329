/* Finds automake tests without a wrapper: the arguments of the test driver announce the test that it will start. */
#pragma once

struct model;
struct record_exec;

/* Adds the test to the plan if the executed program is a test driver. */
void span_driver_executed(struct model *model, const struct record_exec *record);
