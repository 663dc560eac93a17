// SPDX-License-Identifier: Apache-2.0
/* Subscriptions from anybody: what was taken is written, and read again it is the same. */
#include "fuzz.h"

#include "wire/subscription.h"

#include <stdlib.h>

static void write(const struct subscription *s, struct buf *out)
{
	struct json_writer w = json_to(out);

	json_open(&w, NULL);
	subscription_put(s, &w);
	json_close(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct subscription_event event = {.kind = view_text("notice"), .from = -1, .to = -1};
	BUF_CLEANUP struct buf once = buf_growing(1 << 20), twice = buf_growing(1 << 20);
	struct subscription s, again;

	if (subscription_parse(view_of(data, size), &s) != OK) {
		return 0;
	}
	(void)subscription_takes(&s, &event);
	write(&s, &once);
	if (once.len <= SUBSCRIPTION_MAX) {
		if (subscription_parse(buf_contents(&once), &again) != OK) {
			abort();
		}
		write(&again, &twice);
		if (!view_equal(buf_contents(&once), buf_contents(&twice))) {
			abort();
		}
		subscription_free(&again);
	}
	subscription_free(&s);
	return 0;
}
