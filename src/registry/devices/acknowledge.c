// SPDX-License-Identifier: Apache-2.0
/* acknowledge: what a device is given when it is registered.  req: R7-iv-b R9.2-i-c R6.1-c */
#include "registry/devices/devices.h"
#include "registry/enquiry/status_lists.h"
#include "registry/set_up/set_up.h"

#include <string.h>

enum { PAYLOAD_MAX = 4096, URL_MAX = 512 };

/* Where anybody reads the device's status, draft-ietf-oauth-status-list 6.1. */
static void put_status(const struct registry *registry, int64_t list_index, struct json_writer *w)
{
	char uri[URL_MAX];
	int64_t place = 0;

	status_list_place(registry, list_index, uri, sizeof(uri), &place);
	json_open(w, "status");
	json_open(w, "status_list");
	json_put_int(w, "idx", place);
	json_put_string(w, "uri", uri);
	json_close(w);
	json_close(w);
}

/* What the identity tells of its device: type and how it is connected. */
static void put_device(const struct device_facts *facts, struct json_writer *w)
{
	struct device_facts told = {.make = ""};

	memcpy(told.make, facts->make, sizeof(told.make));
	memcpy(told.model, facts->model, sizeof(told.model));
	memcpy(told.type, facts->type, sizeof(told.type));
	told.communication = facts->communication;
	told.connectivity = facts->connectivity;
	facts_write(w, "device", &told);
}

enum err device_acknowledge(const struct registry *registry, const struct acknowledgement *what,
	struct buf *out)
{
	BUF_CLEANUP struct buf payload = buf_growing(PAYLOAD_MAX);
	struct json_writer w = json_to(&payload);
	char room[URL_MAX];
	struct buf url = buf_fixed(room, sizeof(room));

	set_up_put_url(registry, &url);
	json_open(&w, NULL);
	json_put_text(&w, "iss", buf_contents(&url));
	json_put_text(&w, "sub", reg_dev_id_view(what->id));
	json_put_int(&w, "iat", registry_now(registry) / 1000);
	json_put_text(&w, "registry", reg_id_view(&registry->id));
	put_device(what->facts, &w);
	put_status(registry, what->list_index, &w);
	json_close(&w);
	TRY(buf_end(&payload, "acknowledgement"));
	return jose_sign(registry->answer_key, ACKNOWLEDGEMENT_TYP, buf_contents(&payload), out);
}
