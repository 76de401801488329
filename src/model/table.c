/* Tables of totals: per command name, per file and per system call. */
#include "model/table.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/util.h"

#define COMMAND_BUCKETS 256
#define FILE_BUCKETS    4096

/* -- Commands: the table has ended processes; a report adds the live ones ------------------------------ */

static struct command *command_find(const struct model *model, const char *comm)
{
	struct command *command = NULL;

	if (model->commands)
		command = model->commands[hash_bytes(comm, strnlen(comm, COMM_BYTES)) %
					  COMMAND_BUCKETS];
	while (command && strncmp(command->comm, comm, COMM_BYTES) != 0)
		command = command->next;
	return command;
}

void command_add(struct model *model, const struct process *process)
{
	struct command *command = command_find(model, process->comm);

	if (!command && model->command_count >= model->limits.commands) {
		model->unnamed_processes++;
		return;
	}
	if (!command) {
		size_t bucket = hash_bytes(process->comm, strnlen(process->comm, COMM_BYTES)) %
				COMMAND_BUCKETS;

		if (!model->commands)
			model->commands = xcalloc(COMMAND_BUCKETS, sizeof(struct command *));
		command = xcalloc(1, sizeof(*command));
		memcpy(command->comm, process->comm, COMM_BYTES);
		command->next = model->commands[bucket];
		model->commands[bucket] = command;
		model->command_count++;
	}
	command->processes++;
	wait_stats_add(&command->waits, &process->ended.waits);
}

static int by_total_wait(const void *a, const void *b)
{
	const struct command *one = a, *other = b;

	if (one->waits.total_ns != other->waits.total_ns)
		return one->waits.total_ns < other->waits.total_ns ? 1 : -1;
	return strncmp(one->comm, other->comm, COMM_BYTES);
}

static int by_name(const void *a, const void *b)
{
	return strncmp(((const struct command *)a)->comm, ((const struct command *)b)->comm,
		       COMM_BYTES);
}

/* Merges rows of the same name; returns the number of rows left. */
static size_t merge_names(struct command *all, size_t count)
{
	size_t merged = 0;

	qsort(all, count, sizeof(*all), by_name);
	for (size_t i = 0; i < count; i++) {
		if (merged && by_name(&all[merged - 1], &all[i]) == 0) {
			all[merged - 1].processes += all[i].processes;
			wait_stats_add(&all[merged - 1].waits, &all[i].waits);
		} else {
			all[merged++] = all[i];
		}
	}
	return merged;
}

struct command *model_commands(const struct model *model, size_t *ret_count, uint64_t *ret_left_out)
{
	struct command *all = xcalloc(model->command_count + model->alive_count + 1, sizeof(*all));
	size_t count = 0;

	for (size_t i = 0; model->commands && i < COMMAND_BUCKETS; i++)
		for (struct command *command = model->commands[i]; command; command = command->next)
			all[count++] = *command;
	for (size_t i = 0; i < model->alive_buckets; i++) {
		for (struct process *process = model->alive[i]; process; process = process->next) {
			struct thread_sums sums;

			process_sums(process, &sums);
			memcpy(all[count].comm, process->comm, COMM_BYTES);
			all[count].processes = 1;
			all[count++].waits = sums.waits;
		}
	}
	count = merge_names(all, count);
	qsort(all, count, sizeof(*all), by_total_wait);
	*ret_count = MIN(count, model->limits.commands);
	*ret_left_out = model->unnamed_processes;
	for (size_t i = *ret_count; i < count; i++)
		*ret_left_out += all[i].processes;
	return all;
}

/* -- Files ----------------------------------------------------------------------------------------- */

static size_t file_bucket(const struct file_id *id)
{
	return hash_bytes(id, sizeof(*id)) % FILE_BUCKETS;
}

struct file_row *file_find(const struct model *model, const struct file_id *id)
{
	struct file_row *row = model->files ? model->files[file_bucket(id)] : NULL;

	while (row && memcmp(&row->id, id, sizeof(*id)) != 0)
		row = row->next;
	return row;
}

static struct file_row *file_add(struct model *model, const struct file_id *id)
{
	struct file_row *row = xcalloc(1, sizeof(*row));
	size_t bucket = file_bucket(id);

	if (!model->files)
		model->files = xcalloc(FILE_BUCKETS, sizeof(struct file_row *));
	row->id = *id;
	row->next = model->files[bucket];
	model->files[bucket] = row;
	model->file_count++;
	return row;
}

void file_named(struct model *model, const struct record_file *record)
{
	struct file_row *row = file_find(model, &record->file);

	if (!row)
		row = file_add(model, &record->file);
	bytes_done(&row->path);
	row->path = path_assemble(NULL, 0, record->data, record->walk_bytes);
	if (record->flags & IO_PATH_TRUNCATED)
		path_mark_cut(&row->path);
	row->deleted = record->flags & IO_DELETED;
}

void model_file_totals(struct model *model, const struct file_id *id,
		       const struct file_totals *totals)
{
	struct file_row *row = file_find(model, id);

	if (!row)
		row = file_add(model, id);
	row->totals = *totals;
}

static int by_total_time(const void *a, const void *b)
{
	const struct file_row *one = *(struct file_row *const *)a,
			      *other = *(struct file_row *const *)b;

	if (one->totals.total_ns != other->totals.total_ns)
		return one->totals.total_ns < other->totals.total_ns ? 1 : -1;
	return memcmp(&one->id, &other->id, sizeof(one->id));
}

struct file_row **model_files(const struct model *model, size_t *ret_count)
{
	struct file_row **all = xcalloc(model->file_count + 1, sizeof(struct file_row *));
	size_t count = 0;

	for (size_t i = 0; model->files && i < FILE_BUCKETS; i++)
		for (struct file_row *row = model->files[i]; row; row = row->next)
			all[count++] = row;
	qsort(all, count, sizeof(struct file_row *), by_total_time);
	*ret_count = count;
	return all;
}

/* -- Calls ----------------------------------------------------------------------------------------- */

void model_call_totals(struct model *model, uint32_t number, const struct call_totals *totals)
{
	for (size_t i = 0; i < model->call_count; i++) {
		if (model->calls[i].number == number) {
			model->calls[i].totals = *totals;
			return;
		}
	}
	model->calls = xreallocarray(model->calls, model->call_count + 1, sizeof(*model->calls));
	model->calls[model->call_count++] = (struct call_row){.number = number, .totals = *totals};
}

static int by_call_time(const void *a, const void *b)
{
	const struct call_row *one = a, *other = b;

	if (one->totals.total_ns != other->totals.total_ns)
		return one->totals.total_ns < other->totals.total_ns ? 1 : -1;
	return one->number < other->number ? -1 : one->number > other->number;
}

struct call_row *model_calls(const struct model *model, size_t *ret_count)
{
	struct call_row *all = xcalloc(model->call_count + 1, sizeof(*all));

	if (model->call_count)
		memcpy(all, model->calls, model->call_count * sizeof(*all));
	qsort(all, model->call_count, sizeof(*all), by_call_time);
	*ret_count = model->call_count;
	return all;
}

void tables_free(struct model *model)
{
	for (size_t i = 0; model->commands && i < COMMAND_BUCKETS; i++) {
		while (model->commands[i]) {
			struct command *command = model->commands[i];

			model->commands[i] = command->next;
			free(command);
		}
	}
	for (size_t i = 0; model->files && i < FILE_BUCKETS; i++) {
		while (model->files[i]) {
			struct file_row *row = model->files[i];

			model->files[i] = row->next;
			bytes_done(&row->path);
			free(row);
		}
	}
	free(model->commands);
	free(model->files);
	free(model->calls);
}
