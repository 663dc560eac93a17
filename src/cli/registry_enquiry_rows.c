// SPDX-License-Identifier: Apache-2.0
/* The rows of those who ask a registry, and of who lets them. */
#include "cli/registry.h"
#include "cli/registry_enquiry.h"

#define PARTY_KEY                                                                                  \
	CLI_OPTION("party-key", "FILE",                                                            \
		"the enquirer's own key, PEM; `registry enrol` makes it when it is not there")

static const struct cli_command commands[] = {
	{
		.noun = "registry",
		.verb = "enrol",
		.summary = "enrol a key at a trust registry, to ask it about devices",
		.options = {PARTY_KEY, CLI_OPTION("name", "TEXT", "who asks"),
			CLI_OPTION("contact", "TEXT", "whom to write to"),
			CLI_OPTION("purpose", "TEXT", "what for"),
			CLI_OPTION("make", "MAKE", "of a manufacturer: what it makes"),
			CLI_REPEATED("role", "ROLE",
				"enquirer (unless given), manufacturer, agency or owner")},
		.more = "The request is signed with the key; an administrator approves it, unless "
			"the registry's policy does.",
		.after_conflict = "this key has been enrolled: `registry ask` shows whether it is "
				  "approved",
		.run = registry_enrol,
	},
	{
		.noun = "registry",
		.verb = "ask",
		.words = {"DEVICE"},
		.summary = "ask about a device, by its RegDevID, a virtual one or its own "
			   "identifier",
		.options = {PARTY_KEY,
			CLI_OPTION("at", "TIME",
				"as of then: 2026-01-31T00:00:00Z, or milliseconds since 1970"),
			CLI_OPTION("out", "FILE", "keep the signed answer there")},
		.more = "The registry challenges, the key signs. Without --party-key it asks as "
			"the "
			"administrator at the socket, or with --cert.",
		.run = registry_ask_about,
	},
	{
		.noun = "registry",
		.verb = "ask-device",
		.summary = "ask a device itself, at --url: `symbolon-device serve` there",
		.options = {PARTY_KEY},
		.more = "The device challenges, the key signs: that of a party whom its registry "
			"vouches for.",
		.run = registry_ask_device,
	},
	{
		.noun = "registry",
		.verb = "bulk",
		.summary = "all devices that match, a line of JSON each, as an administrator",
		.options = {CLI_OPTION("registry", "REGID", "registered there"),
			CLI_OPTION("make", "MAKE", "of that make"),
			CLI_OPTION("model", "MODEL", "of that model"),
			CLI_OPTION("trust", "STATUS", "trusted, unreliable or unverified"),
			CLI_OPTION("after", "REGDEVID", "begin after this one")},
		.more = "The last line says that nothing is missing; without it the answer was cut "
			"off.",
		.run = registry_bulk,
	},
	{
		.noun = "registry",
		.verb = "parties",
		.summary = "who has enrolled a key",
		.options = {CLI_PAGE_OPTIONS},
		.run = registry_parties,
	},
	{
		.noun = "registry",
		.verb = "approve",
		.words = {"PARTY"},
		.summary = "let a party ask that has enrolled its key, or was suspended",
		.options = {CLI_OPTION("reason", "TEXT", "why, for the log")},
		.run = registry_approve,
	},
	{
		.noun = "registry",
		.verb = "suspend",
		.words = {"PARTY"},
		.summary = "let a party ask no more, for now",
		.options = {CLI_OPTION("reason", "TEXT", "why, for the log")},
		.run = registry_suspend,
	},
	{
		.noun = "registry",
		.verb = "remove-party",
		.words = {"PARTY"},
		.summary = "remove a party for good, with what is known of it",
		.options = {CLI_OPTION("reason", "TEXT", "why, for the log")},
		.run = registry_remove_party,
	},
	{
		.noun = "registry",
		.verb = "verify-answer",
		.words = {"FILE"},
		.summary = "check a registry's answer or status list without asking anybody, and "
			   "print what it says as JSON",
		.options = {CLI_OPTION("anchor", "FILE",
				    "the registry's document (/.well-known/trust-registry), a JWK "
				    "or a PEM "
				    "public key"),
			CLI_OPTION("audience", "PARTY", "whom the answer must be for"),
			CLI_OPTION("nonce", "NONCE", "the challenge that it must answer"),
			CLI_OPTION("index", "NUMBER", "of a status list: the place to read"),
			CLI_FLAG("archived", "of an answer: that it is over does not matter")},
		.run = registry_verify_answer,
	},
};

const struct cli_noun cli_registry_enquiry = {.name = "registry",
	.commands = commands,
	.count = sizeof(commands) / sizeof(commands[0])};
