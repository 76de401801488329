/* The timeline of a run: samples of the machine's resources; a full list halves its resolution */
#include "model/timeline.h"

#include <math.h>
#include <stdbool.h>

static uint64_t length_ns(const struct timeline_sample *sample)
{
	return sample->at_ns - sample->from_ns;
}

/* The mean, weighted by time; if one value is unknown, the other one stands for both. */
static double mean(double a, uint64_t a_ns, double b, uint64_t b_ns)
{
	if (isnan(a))
		return b;
	if (isnan(b))
		return a;
	return (a * (double)a_ns + b * (double)b_ns) / (double)(a_ns + b_ns);
}

static uint64_t least_known(uint64_t a, uint64_t b)
{
	return a && b ? MIN(a, b) : MAX(a, b);
}

static void merge(struct timeline_sample *into, const struct timeline_sample *next)
{
	double *const values[] = {
		&into->cpu_some, &into->io_some,   &into->memory_some, &into->steal,
		&into->busy,     &into->run_queue, &into->load,        &into->gauge_ns,
	};
	const double more[] = {
		next->cpu_some, next->io_some,   next->memory_some, next->steal,
		next->busy,     next->run_queue, next->load,        next->gauge_ns,
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		*values[i] = mean(*values[i], length_ns(into), more[i], length_ns(next));
	into->memory_available_bytes =
		least_known(into->memory_available_bytes, next->memory_available_bytes);
	into->at_ns = next->at_ns;
}

/* Merges pairs. The caller ensures that the count is even and that all samples have the same length. */
static void halve(struct timeline *timeline)
{
	for (size_t i = 0; i < timeline->count / 2; i++) {
		timeline->samples[i] = timeline->samples[2 * i];
		merge(&timeline->samples[i], &timeline->samples[2 * i + 1]);
	}
	timeline->count /= 2;
	timeline->doublings++;
}

void timeline_add(struct timeline *timeline, const struct timeline_sample *sample)
{
	bool is_rest;

	if (sample->at_ns <= sample->from_ns)
		return;
	if (!isnan(sample->gauge_ns))
		timeline->best_gauge_ns = timeline->best_gauge_ns > 0
						  ? MIN(timeline->best_gauge_ns, sample->gauge_ns)
						  : sample->gauge_ns;
	is_rest = length_ns(sample) < TIMELINE_INTERVAL_NS / 10;
	if (timeline->count > 0 && (is_rest || timeline->parts < 1u << timeline->doublings)) {
		merge(&timeline->samples[timeline->count - 1], sample);
		timeline->parts += !is_rest;
		return;
	}
	if (timeline->count == TIMELINE_SAMPLES)
		halve(timeline);
	if (!timeline->samples)
		timeline->samples = xcalloc(TIMELINE_SAMPLES, sizeof(*timeline->samples));
	timeline->samples[timeline->count++] = *sample;
	timeline->parts = 1;
}

uint64_t timeline_interval_ns(const struct timeline *timeline)
{
	return TIMELINE_INTERVAL_NS << timeline->doublings;
}

struct gauged timeline_gauged(const struct timeline *timeline, uint64_t from_ns, uint64_t until_ns)
{
	struct gauged result = {.ns = NAN};
	double sum = 0;

	for (size_t i = 0; i < timeline->count; i++) {
		const struct timeline_sample *sample = &timeline->samples[i];
		uint64_t from = MAX(sample->from_ns, from_ns), until = MIN(sample->at_ns, until_ns);

		if (until <= from || isnan(sample->gauge_ns))
			continue;
		sum += sample->gauge_ns * (double)(until - from);
		result.known_ns += until - from;
	}
	if (result.known_ns > 0 && result.known_ns >= (until_ns - from_ns) / 2)
		result.ns = sum / (double)result.known_ns;
	return result;
}

void timeline_done(struct timeline *timeline)
{
	free(timeline->samples);
	*timeline = (struct timeline){0};
}
