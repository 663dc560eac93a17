// SPDX-License-Identifier: Apache-2.0
#include "registry/api/asker.h"

#include "registry/api/api.h"
#include "registry/api/api_inside.h"

#include <stdio.h>
#include <unistd.h>

const char *who_name(enum who who)
{
	switch (who) {
	case WHO_ADMIN:
		return "administrator";
	case WHO_AUDITOR:
		return "auditor";
	case WHO_PEER:
		return "registry";
	case WHO_DEVICE:
		return "device";
	case WHO_PARTY:
		return "party";
	default:
		return "anyone";
	}
}

static bool is_named(const struct conf_texts *names, const struct stream *stream)
{
	for (size_t i = 0; i < names->count; i++) {
		if (stream_peer_is(stream, names->items[i])) {
			return true;
		}
	}
	return false;
}

static enum who by_user(int64_t uid)
{
	return uid == 0 || uid == (int64_t)geteuid() ? WHO_ADMIN : WHO_ANYONE;
}

void asker_from_connection(const struct registry *registry, const struct http_request *request,
	struct asker *ret)
{
	const struct stream *stream = request->stream;
	const struct api *api = registry->api;

	*ret = (struct asker){.who = WHO_ANYONE};
	if (!stream) {
		return;
	}
	const int64_t uid = stream_peer_uid(stream);

	if (uid >= 0) {
		(void)snprintf(ret->name, sizeof(ret->name), "uid %lld", (long long)uid);
		ret->who = by_user(uid);
		return;
	}
	(void)snprintf(ret->name, sizeof(ret->name), "%s", stream_peer_name(stream));
	if (!ret->name[0]) {
		return;
	}
	/* What this registry signed for others says that they are registries, whatever their names. */
	const bool is_staff = !stream_peer_is_ours(stream);

	if (is_staff && is_named(&api->administrators, stream)) {
		ret->who = WHO_ADMIN;
	} else if (is_staff && is_named(&api->auditors, stream)) {
		ret->who = WHO_AUDITOR;
	} else if (registry->find_peer && registry->find_peer(registry, stream, ret->name)) {
		ret->who = WHO_PEER;
	}
}
