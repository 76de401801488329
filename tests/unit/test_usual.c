/* Tests of answer/usual: what tests that passed lost, as the measure for a test that failed */
#include "answer/usual.h"

#include "tap.h"

#define MS UINT64_C(1000000)

static struct passed_test list[64];
static size_t count;

/* Tests of 100 ms that lost so many ms. */
static void passed(uint64_t weight, uint64_t lost_ms)
{
	list[count++] = (struct passed_test){
		.duration_ns = (100 + lost_ms) * MS, .lost_ns = lost_ms * MS, .weight = weight};
}

static void is_usual(const char *name, uint64_t tests, uint64_t lost_ms)
{
	struct usual usual;

	printf("# %s\n", name);
	usual_of_list(list, count, &usual);
	is_u64(usual.tests, tests);
	is_u64(usual.lost_ns, lost_ms * MS);
	is_u64(usual.both_ns, lost_ms * MS);
	is_u64(usual.crowded_ns, 0);
	count = 0;
}

int main(void)
{
	is_usual("none passed", 0, 0);

	passed(1, 30);
	is_usual("one", 1, 30);

	for (uint64_t ms = 10; ms <= 30; ms += 2)
		passed(1, ms);
	is_usual("a crowded run: the largest", 11, 30);

	for (uint64_t ms = 1; ms <= 8; ms++)
		passed(1, ms);
	passed(1, 300);
	passed(1, 450);
	is_usual("two that met the neighbour are outliers", 10, 8);

	for (uint64_t ms = 1; ms <= 8; ms++)
		passed(1, ms);
	for (uint64_t ms = 300; ms <= 600; ms += 100)
		passed(1, ms);
	is_usual("so are a third of the tests", 12, 8);

	for (uint64_t ms = 1; ms <= 4; ms++)
		passed(1, ms);
	for (uint64_t ms = 300; ms <= 600; ms += 50)
		passed(1, ms);
	is_usual("most of the tests are not", 11, 600);

	for (int i = 0; i < 10; i++)
		passed(1, 0);
	passed(1, 20);
	is_usual("tests that lost nothing", 11, 0);

	passed(8, 5);
	passed(1, 80);
	passed(1, 90);
	is_usual("tests that stand for others", 10, 5);
	passed(3, 5);
	passed(4, 80);
	passed(3, 90);
	is_usual("the same values, others in number", 10, 90);
	return tap_done();
}
