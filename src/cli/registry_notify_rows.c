// SPDX-License-Identifier: Apache-2.0
/* The rows of those who are told by a registry, and of who tells them. */
#include "cli/registry.h"
#include "cli/registry_notify.h"
#include "cli/registry_party.h"

#define PARTY_KEY                                                                                  \
	PARTY_KEY_OPTION("the party's own key, PEM, that `registry enrol` made; without it the "   \
			 "administrator asks")

#define LETTER_OPTIONS                                                                             \
	{                                                                                          \
		PARTY_KEY, CLI_OPTION("sequence", "NUMBER", "this one; else all of them")          \
	}

static const struct cli_command commands[] = {
	{
		.noun = "registry",
		.verb = "subscribe",
		.summary =
			"ask to be told of what happens, as an event stream unless said otherwise",
		.options = {PARTY_KEY, CLI_REPEATED("device", "REGDEVID", "of these devices"),
			CLI_FLAG("own", "of the party's own devices, as their owner"),
			CLI_OPTION("make", "MAKE", "of devices of that make"),
			CLI_OPTION("model", "MODEL", "and model"),
			CLI_OPTION("registry", "REGID", "of that registry and those below it"),
			CLI_OPTION("kinds", "WORDS",
				"kinds of events, with blanks between: status_changed notice ..."),
			CLI_OPTION("from", "STATUS", "of a status that was this one"),
			CLI_OPTION("to", "STATUS", "of a status that becomes this one"),
			CLI_OPTION("severity", "LEVEL", "low, medium, high or critical, at least"),
			CLI_OPTION("webhook", "URL", "as tokens that are posted there (RFC 8935)"),
			CLI_FLAG("mqtt", "as tokens at the registry's MQTT broker"),
			CLI_OPTION("digest", "SECONDS", "once in so long, all at once"),
			CLI_OPTION("label", "TEXT", "what the subscription is called")},
		.run = registry_subscribe,
	},
	{
		.noun = "registry",
		.verb = "subscriptions",
		.summary = "subscriptions, and how far their subscribers are",
		.options = {PARTY_KEY, CLI_PAGE_OPTIONS},
		.run = registry_subscriptions,
	},
	{
		.noun = "registry",
		.verb = "unsubscribe",
		.words = {"SUBSCRIPTION"},
		.summary = "end a subscription",
		.options = {PARTY_KEY},
		.run = registry_unsubscribe,
	},
	{
		.noun = "registry",
		.verb = "watch",
		.words = {"SUBSCRIPTION"},
		.summary = "print the events of a subscription as they come, until it is stopped",
		.options = {PARTY_KEY, CLI_OPTION("after", "SEQUENCE", "go on behind this one")},
		.more = "It connects again by itself, and goes on behind the last event that it "
			"printed. With --json a line of JSON each.",
		.run = registry_watch,
	},
	{
		.noun = "registry",
		.verb = "dead-letters",
		.words = {"SUBSCRIPTION"},
		.summary = "what could not be delivered, and why",
		.options = {PARTY_KEY, CLI_PAGE_OPTIONS},
		.run = registry_dead_letters,
	},
	{
		.noun = "registry",
		.verb = "replay",
		.words = {"SUBSCRIPTION"},
		.summary = "deliver dead letters again",
		.options = LETTER_OPTIONS,
		.run = registry_replay,
	},
	{
		.noun = "registry",
		.verb = "drop",
		.words = {"SUBSCRIPTION"},
		.summary = "drop dead letters",
		.options = LETTER_OPTIONS,
		.run = registry_drop,
	},
	{
		.noun = "registry",
		.verb = "notify",
		.words = {"TITLE"},
		.summary = "tell all whom a make and model concern, as an administrator",
		.options = {CLI_OPTION("make", "MAKE", "of devices of that make"),
			CLI_OPTION("model", "MODEL", "and model"),
			CLI_OPTION("severity", "LEVEL", "none, low, medium, high or critical"),
			CLI_OPTION("text", "TEXT", "what there is to say"),
			CLI_OPTION("reference", "URL", "where there is more")},
		.run = registry_notify,
	},
};

const struct cli_noun cli_registry_notify = {.name = "registry",
	.commands = commands,
	.count = sizeof(commands) / sizeof(commands[0])};
