/* Parses one message about a span (docs/spans.md): untrusted JSON from a test runner. */
#include "spans/span_message.h"

#include <errno.h>
#include <string.h>

#include "base/util.h"

enum span_outcome span_outcome_parse(const char *word)
{
	for (enum span_outcome outcome = SPAN_PASSED; outcome < SPAN_OUTCOMES; outcome++)
		if (streq(word, span_outcome_names[outcome]))
			return outcome;
	return SPAN_UNKNOWN;
}

static const char *text(const cJSON *json, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

	return cJSON_IsString(item) && *item->valuestring ? item->valuestring : NULL;
}

static bool is_number(const cJSON *item)
{
	/* Above 2^53 a double rounds, but far less than a message is inexact. */
	return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 0x1p63;
}

static uint64_t number(const cJSON *json, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

	return is_number(item) ? (uint64_t)item->valuedouble : 0;
}

static uint32_t small_number(const cJSON *json, const char *key)
{
	uint64_t value = number(json, key);

	return value <= UINT32_MAX ? (uint32_t)value : 0;
}

static void add_phase(struct span_message *message, const char *name, uint64_t start_ns)
{
	struct span_phase *phase;

	if (message->phase_count == SPAN_PHASES)
		return;
	phase = &message->phases[message->phase_count++];
	memcpy(phase->name, name, MIN(strlen(name), sizeof(phase->name) - 1));
	phase->start_ns = start_ns;
}

/* Reads "phases": [["setup", NS], ...], or the one phase that begins now. */
static void read_phases(struct span_message *message)
{
	const cJSON *phases = cJSON_GetObjectItemCaseSensitive(message->json, "phases"), *pair;
	const char *now = text(message->json, "phase");

	if (now)
		add_phase(message, now, message->time_ns);
	if (!cJSON_IsArray(phases))
		return;
	cJSON_ArrayForEach(pair, phases) {
		const cJSON *name = cJSON_IsArray(pair) ? pair->child : NULL;

		if (name && cJSON_IsString(name) && *name->valuestring && is_number(name->next))
			add_phase(message, name->valuestring, (uint64_t)name->next->valuedouble);
	}
}

static int exit_code(const cJSON *json, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

	return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble <= 255
		       ? item->valueint
		       : -1;
}

static void read_plan(struct span_message *message)
{
	const cJSON *json = message->json;
	const cJSON *arguments = cJSON_GetObjectItemCaseSensitive(json, "argv");

	message->arguments =
		cJSON_IsArray(arguments) && cJSON_IsString(arguments->child) ? arguments : NULL;
	message->skip_code = exit_code(json, "skip_code");
	message->error_code = exit_code(json, "error_code");
	message->will_fail = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "will_fail"));
	message->is_unsure = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "unsure"));
}

static int read_event(const char *word, enum span_event *ret)
{
	static const char *const words[] = {
		[SPAN_BEGIN] = "begin", [SPAN_UPDATE] = "update", [SPAN_END] = "end",
		[SPAN_PAUSE] = "pause", [SPAN_RESUME] = "resume", [SPAN_WHOLE] = "span",
		[SPAN_PLAN] = "plan",
	};

	for (size_t i = 0; word && i < ARRAY_SIZE(words); i++) {
		if (streq(word, words[i])) {
			*ret = (enum span_event)i;
			return 0;
		}
	}
	return -EINVAL;
}

static bool is_sound(const struct span_message *message)
{
	bool needs_name = message->event == SPAN_BEGIN || message->event == SPAN_WHOLE ||
			  message->event == SPAN_PLAN;

	if (needs_name && !message->name)
		return false;
	if (message->event == SPAN_PLAN && !message->arguments)
		return false;
	if (message->event == SPAN_WHOLE)
		return message->start_ns != 0;
	return message->id && strlen(message->id) <= SPAN_ID_BYTES;
}

int span_message_parse(const char *data, size_t size_bytes, struct span_message *ret)
{
	const cJSON *json, *cpu_time;
	const char *outcome;

	*ret = (struct span_message){0};
	if (size_bytes > SPAN_MESSAGE_BYTES)
		return -EINVAL;
	json = ret->json = cJSON_ParseWithLength(data, size_bytes);
	if (!cJSON_IsObject(json) || number(json, "v") != 1 ||
	    read_event(text(json, "event"), &ret->event) < 0)
		return -EINVAL;
	ret->id = text(json, "id");
	ret->parent = text(json, "parent");
	ret->name = text(json, "name");
	ret->runner = text(json, "runner");
	ret->file = text(json, "file");
	ret->worker = text(json, "worker");
	ret->line = small_number(json, "line");
	ret->attempt = small_number(json, "attempt");
	ret->tid = small_number(json, "tid");
	ret->pid = small_number(json, "pid");
	ret->of_parent = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "of_parent"));
	ret->time_ns = number(json, "time_ns");
	ret->start_ns = number(json, "start_ns");
	ret->failed_ns = number(json, "failed_ns");
	ret->unsent = number(json, "unsent");
	outcome = text(json, "outcome");
	ret->outcome = outcome ? span_outcome_parse(outcome) : SPAN_NO_OUTCOME;
	cpu_time = cJSON_GetObjectItemCaseSensitive(json, "cpu_time_ns");
	ret->has_cpu_time = is_number(cpu_time);
	ret->cpu_time_ns = ret->has_cpu_time ? (uint64_t)cpu_time->valuedouble : 0;
	read_phases(ret);
	if (ret->event == SPAN_PLAN)
		read_plan(ret);
	return is_sound(ret) ? 0 : -EINVAL;
}

void span_message_done(struct span_message *message)
{
	cJSON_Delete(message->json);
	*message = (struct span_message){0};
}
