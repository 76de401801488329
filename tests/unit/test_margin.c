/* Tests of shake/margin: the search over lengths, against tests whose margin is known */
#include "shake/margin.h"

#include "base/util.h"
#include "tap.h"

#define MS           UINT64_C(1000000)
#define TRIES        5
#define ENOUGH_TRIES 500

static uint64_t random_state = 1;

/* xorshift64*, from 0 to 1 */
static double random_share(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (double)((random_state * UINT64_C(2685821657736338717)) >> 11) / 9007199254740992.0;
}

/* A test that surely passes below low_ns and surely fails from high_ns on; often_failed: without any cause */
struct victim {
	uint64_t low_ns, high_ns;
	double often_failed;
};

static bool fails(const struct victim *victim, uint64_t length_ns)
{
	double share = ((double)length_ns - (double)victim->low_ns) /
		       ((double)victim->high_ns - (double)victim->low_ns);

	return random_share() < victim->often_failed || random_share() < share;
}

/* Returns the number of tries. */
static unsigned search(const struct victim *victim, const struct margin_ladder *ladder,
		       struct margin *margin)
{
	unsigned tries = 0;
	int length;

	*margin = (struct margin){0};
	for (; tries < ENOUGH_TRIES && (length = margin_next(margin, ladder)) >= 0; tries++)
		margin_note(margin, ladder, length, fails(victim, ladder->ns[length]));
	return tries;
}

static void test_ladder(void)
{
	struct margin_ladder ladder;

	margin_ladder_make(1000 * MS, 100 * MS, TRIES, true, &ladder);
	is_u64(ladder.ns[ladder.count - 1], 1000 * MS);
	ok(ladder.ns[0] >= MS && ladder.ns[0] < 2 * MS);
	for (int i = 1; i < ladder.count; i++)
		if (ladder.ns[i] <= ladder.ns[i - 1] || ladder.ns[i] > ladder.ns[i - 1] * 13 / 10)
			okf(false, "length %d: %" PRIu64 " ns", i, ladder.ns[i]);
	for (int i = 0; i < ladder.count; i++)
		if (ladder.ns[i] == 100 * MS)
			okf(true, "100 ms is one of the lengths");
	margin_ladder_make(UINT64_MAX, 0, TRIES, true, &ladder);
	ok(ladder.count == MARGIN_LENGTHS_MAX && ladder.ns[ladder.count - 1] == UINT64_MAX);
	margin_ladder_make(50 * MS, 0, TRIES, false, &ladder);
	ok(ladder.count == 1 && ladder.ns[0] == 50 * MS);
}

/* A limit below all lengths, as when the longest is an hour */
static void test_exact_is_the_shortest(void)
{
	struct margin_ladder ladder;
	struct margin margin;
	struct victim victim = {9 * MS, 10 * MS, 0};

	margin_ladder_make(3600 * 1000 * MS, 10 * MS, TRIES, true, &ladder);
	is_u64(ladder.ns[0], 10 * MS);
	search(&victim, &ladder, &margin);
	is_int(margin_read(&margin, &ladder).fails, 0);
	margin_ladder_make(1000 * MS, MS, TRIES, true, &ladder);
	is_u64(ladder.ns[0], MS);
	ok(ladder.ns[1] > MS);
	margin_ladder_make(MS, MS / 2, TRIES, true, &ladder);
	is_int(ladder.count, 2);
	is_u64(ladder.ns[0], MS / 2);
	is_u64(ladder.ns[1], MS);
}

static void test_deadline(void)
{
	struct margin_ladder ladder;
	struct margin margin;

	margin_ladder_make(1000 * MS, 0, TRIES, true, &ladder);
	for (uint64_t deadline_ns = 2 * MS; deadline_ns < 900 * MS; deadline_ns += 7 * MS) {
		struct victim victim = {deadline_ns - 1, deadline_ns, 0};
		unsigned tries = search(&victim, &ladder, &margin);
		struct margin_result found = margin_read(&margin, &ladder);

		if (found.bears < 0 || found.fails != found.bears + 1 || tries > 2 * TRIES + 8 ||
		    ladder.ns[found.bears] >= deadline_ns || ladder.ns[found.fails] < deadline_ns ||
		    margin.tries[found.bears].count != TRIES ||
		    margin.tries[found.fails].count != TRIES)
			okf(false, "deadline %" PRIu64 " ns, %u tries, bears %d, fails %d",
			    deadline_ns, tries, found.bears, found.fails);
	}
	okf(true, "each deadline is between two lengths beside each other");
}

static void test_vague_deadline(void)
{
	struct margin_ladder ladder;
	struct margin margin;

	margin_ladder_make(1000 * MS, 0, TRIES, true, &ladder);
	for (int i = 0; i < 1000; i++) {
		struct victim victim = {20 * MS, 25 * MS, 0};
		unsigned tries = search(&victim, &ladder, &margin);
		struct margin_result found = margin_read(&margin, &ladder);

		if (tries == ENOUGH_TRIES || found.bears < 0 || found.fails <= found.bears ||
		    ladder.ns[found.bears] > 25 * MS || ladder.ns[found.fails] < 20 * MS ||
		    ladder.ns[found.fails] > 30 * MS || margin.tries[found.bears].failed ||
		    margin.tries[found.fails].failed * 2 <= TRIES)
			okf(false, "%u tries, bears %d, fails %d", tries, found.bears, found.fails);
	}
	okf(true, "a vague deadline lies between the two lengths");
}

static void test_always_passes(void)
{
	struct margin_ladder ladder;
	struct margin margin;
	struct victim victim = {2000 * MS, 2001 * MS, 0};

	margin_ladder_make(1000 * MS, 0, TRIES, true, &ladder);
	is_u64(search(&victim, &ladder, &margin), TRIES);
	is_int(margin_read(&margin, &ladder).bears, ladder.count - 1);
	is_int(margin_read(&margin, &ladder).fails, -1);
}

static void test_always_fails(void)
{
	struct margin_ladder ladder;
	struct margin margin;
	struct victim victim = {0, 1, 0};

	margin_ladder_make(1000 * MS, 0, TRIES, true, &ladder);
	ok(search(&victim, &ladder, &margin) < 20);
	is_int(margin_read(&margin, &ladder).bears, -1);
	is_int(margin_read(&margin, &ladder).fails, 0);
}

/* One place of many is sensitive: the search stays there. */
static void test_place(void)
{
	struct margin_ladder ladder;
	struct margin margin = {0};

	margin_ladder_make(1000 * MS, 0, TRIES, true, &ladder);
	margin_note(&margin, &ladder, ladder.count - 1, false);
	margin_note(&margin, &ladder, ladder.count - 1, false);
	ok(!margin.has_place);
	margin_note(&margin, &ladder, ladder.count - 1, true);
	ok(margin.has_place && margin.passed_elsewhere == 2);
	is_int(margin_read(&margin, &ladder).fails, ladder.count - 1);
}

static void test_one_length(void)
{
	struct margin_ladder ladder;
	struct margin margin = {0};

	margin_ladder_make(50 * MS, 0, TRIES, false, &ladder);
	for (int i = 0; i < TRIES; i++) {
		is_int(margin_next(&margin, &ladder), 0);
		margin_note(&margin, &ladder, 0, i < 2);
	}
	is_int(margin_next(&margin, &ladder), -1);
	ok(!margin.has_place && margin.tries[0].count == TRIES && margin.tries[0].failed == 2);
}

/* A failure without any cause must neither keep the search from ending nor pass for a margin for sure. */
static void test_flaky(void)
{
	struct margin_ladder ladder;
	struct margin margin;
	struct victim victim = {2000 * MS, 2001 * MS, 0.1};
	int called_failing = 0;

	margin_ladder_make(1000 * MS, 0, TRIES, true, &ladder);
	for (int i = 0; i < 1000; i++) {
		if (search(&victim, &ladder, &margin) == ENOUGH_TRIES)
			okf(false, "the search ends");
		called_failing += margin_read(&margin, &ladder).fails >= 0;
	}
	okf(called_failing < 100, "%d of 1000 searches found a margin", called_failing);
}

int main(void)
{
	test_ladder();
	test_exact_is_the_shortest();
	test_deadline();
	test_vague_deadline();
	test_always_passes();
	test_always_fails();
	test_place();
	test_one_length();
	test_flaky();
	return tap_done();
}
