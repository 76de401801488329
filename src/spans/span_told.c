/* Tests that a file told of after they had ended, without the time at which they ran */
#include "spans/span_told.h"

#include "model/model.h"
#include "spans/span_tree.h"

void model_told_test(struct model *model, const struct told_test *test, uint64_t end_ns)
{
	struct spans *spans = model->spans;
	struct lineage *nobody = lineage_of_sender(&spans->lineage, 0, end_ns);
	const struct span_message message = {
		.name = test->name,
		.runner = test->runner,
		.file = test->file,
		.line = test->line,
		.attempt = test->attempt,
	};
	struct span *span = span_add(spans, &message, nobody);

	lineage_unref(&spans->lineage, nobody);
	if (!span)
		return;
	span->untimed = true;
	span->outcome = test->outcome;
	span->has_duration = test->has_duration;
	span->duration_ns = test->duration_ns;
	span->start_ns = span->end_ns = end_ns;
	span_close(span);
	span_finalized(spans, span);
}

void model_told_lost(struct model *model, enum span_loss loss, uint64_t count)
{
	model->spans->gone.losses[loss] += count;
}
