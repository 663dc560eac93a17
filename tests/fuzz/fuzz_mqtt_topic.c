// SPDX-License-Identifier: Apache-2.0
/* Pattern, pseudonym and filter, with zeros between them. What a pattern covers it covers of itself too. */
#include "fuzz.h"

#include "wire/mqtt_topic.h"
#include <stdlib.h>
#include <string.h>

static struct view take(struct view *left)
{
	const uint8_t *zero = left->len > 0 ? memchr(left->data, 0, left->len) : NULL;
	size_t len = zero ? (size_t)(zero - left->data) : left->len;
	struct view part = view_of(left->data, len);

	*left = zero ? view_of(zero + 1, left->len - len - 1) : view_of(NULL, 0);
	return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view left = view_of(data, size);
	struct view pattern = take(&left), pseudonym = take(&left), filter = take(&left);

	bool covers = mqtt_pattern_covers(pattern, pseudonym, filter);

	if (mqtt_pattern_check(pattern) == OK && pattern.data[0] != '$' &&
		!memmem(pattern.data, pattern.len, MQTT_PSEUDONYM, strlen(MQTT_PSEUDONYM)) &&
		!mqtt_pattern_covers(pattern, pseudonym, pattern)) {
		abort();
	}
	if (covers && filter.len == 0) {
		abort();
	}
	return 0;
}
