// SPDX-License-Identifier: Apache-2.0
/*
 * subscription: what somebody wants to be told of, and how; as JSON, and as a question that is asked of each event.
 *  req: R7-iv-e R9.4-i-a R9.4-i-c
 */
#pragma once

#include "core/trust.h"
#include "core/words.h"
#include "wire/json.h"

enum {
	SUBSCRIPTION_MAX = 64 * 1024, /* bytes of JSON */
	SUBSCRIPTION_DEVICES = 256,
	SUBSCRIPTION_TEXT = 128, /* bytes of make, model, label */
	SUBSCRIPTION_URL = 510,
	SUBSCRIPTION_PERIOD_MIN_S = 60,
	SUBSCRIPTION_PERIOD_MAX_S = 31 * 24 * 60 * 60,
};

enum severity {
	SEVERITY_NONE,
	SEVERITY_LOW,
	SEVERITY_MEDIUM,
	SEVERITY_HIGH,
	SEVERITY_CRITICAL,
	SEVERITY_COUNT
};
/* As CVSS calls them, in small letters: "none", "low", "medium", "high", "critical". */
const char *severity_name(enum severity severity);
enum err severity_of(struct view name, enum severity *ret); /* in either case. ERR_SYNTAX */

enum delivery {
	DELIVERY_SSE,	  /* an event stream that the subscriber opens */
	DELIVERY_WEBHOOK, /* tokens pushed to its URL */
	DELIVERY_MQTT,	  /* tokens published at the registry's broker */
	DELIVERY_COUNT,
};
const char *delivery_name(enum delivery delivery); /* "sse", "webhook", "mqtt" */

/* Each part that is empty or -1 asks for nothing. Views point into `document`. */
struct subscription {
	struct json *document;
	struct view label;
	/* of whom */
	const struct json *devices; /* RegDevIDs; NULL: any */
	bool own;		    /* only devices that the subscriber owns */
	struct view make, model;    /* letters of either case */
	struct view registry;	    /* a RegID: of it and of those below it */
	/* of what */
	struct words kinds; /* kinds of events; "": those that are told by default */
	int from, to;	    /* of a change of status: enum trust */
	int severity;	    /* at least */
	/* how */
	enum delivery delivery;
	struct view url;  /* of a webhook */
	int64_t period_s; /* of digests; 0: each event by itself */
};

/*
 * Reads {"label", "filter": {"devices", "own", "make", "model", "registry", "kinds", "from", "to", "severity"},
 * "delivery": {"method", "url"}, "digest": {"period"}}. ERR_SYNTAX names the member; ERR_RANGE. What the words of kinds and
 * the URL mean is the caller's to check.
 */
enum err subscription_parse(struct view text, struct subscription *ret);
void subscription_free(struct subscription *s); /* zeroed is fine */
/* The same members, in an object that is open. */
void subscription_put(const struct subscription *s, struct json_writer *w);

/* What an event says of itself; what it does not say is empty or -1. */
struct subscription_event {
	struct view kind, device, make, model, registry;
	int from, to, severity;
};

/* Whether the filter takes it; but for `kinds` when there are none, and `own`: who owns what the caller knows. A part of
 * the filter that the event says nothing of does not take it. */
bool subscription_takes(const struct subscription *s, const struct subscription_event *event);
