// SPDX-License-Identifier: Apache-2.0
/* schema: the tables and all statements of the authorization element, in one place. */
#pragma once

#include "store/store.h"

enum authz_statement {
	DATA_KEYS,
	ADD_DATA_KEY,
	FIND_SETTING,
	ADD_SETTING,

	/* key management */
	ADVANCE_SQN,
	FIND_KEY,
	RESYNC_SQN,
	ADD_DUMMY,

	/* mapping */
	PERMISSION,
	ANNOUNCED,
	MEMBERS,

	/* registration */
	ADD_SUBSCRIBER,
	FIND_SUBSCRIBER,
	LIST_SUBSCRIBERS,
	DROP_SUBSCRIBER,
	ADD_DEVICE,
	FIND_DEVICE,
	LIST_DEVICES,
	LIST_DEVICES_OF,
	DROP_DEVICE,
	ADD_ASP,
	FIND_ASP,
	LIST_ASPS,
	DROP_ASP,
	ADD_ELEMENTS,
	ADD_APPLICATION,
	FIND_APPLICATION,
	LIST_APPLICATIONS,
	LIST_APPLICATIONS_OF,
	FIND_GROUP,
	FIND_ALONE,
	DROP_APPLICATION,
	ADD_UAS,
	SET_GRANT,
	DROP_GRANT,
	LIST_GRANTS_OF_CLIENT,
	LIST_GRANTS_OF_APPLICATION,
	COUNT_ALL,
	STATEMENT_COUNT,
};

extern const struct store_schema authz_schema;

/* Vectors for clients that nobody registered come from this row's random key. */
#define DUMMY_CLIENT ""
