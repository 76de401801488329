/* Who kept a block device busy during a file operation. */
#pragma once

#include "model/model.h"

/*
 * Keeps the uses for the stall of the same thread and time, whose record follows. Returns false if the record is not
 * whole.
 */
bool device_uses_record(struct model *model, const struct record_device_uses *record, size_t bytes);
/*
 * Names the device that a finished stall waited for, moves the time that this device worked for others to the causes that say
 * so, and lists them as culprits. file_device: as in struct file_id; 0: the operation names no file.
 */
void device_uses_divide(struct model *model, struct stall *stall, uint32_t file_device);
void device_uses_free(struct model *model);
