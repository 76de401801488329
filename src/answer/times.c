/* The times of an account that decide an answer */
#include "answer/times.h"

struct answer_times answer_times(const struct account *account)
{
	return (struct answer_times){
		.whole_ns = account->until_ns - account->from_ns,
		.lost_ns = account_side_ns(account, SIDE_LOST),
		.crowded_ns = account_side_ns(account, SIDE_CROWDED),
		.unclear_ns = account_side_ns(account, SIDE_UNCLEAR),
		.asleep_ns = account_asleep_ns(account),
		.own_sleep_ns = account->own_sleep_ns,
		.own_ns = account_side_ns(account, SIDE_OWN),
	};
}
