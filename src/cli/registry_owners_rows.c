// SPDX-License-Identifier: Apache-2.0
/* The rows of commands about makers, owners, transfers and losses. */
#include "cli/registry.h"
#include "cli/registry_owners.h"
#include "cli/registry_party.h"

#define OWN_KEY PARTY_KEY_OPTION("the owner's own key; without, as an administrator")
#define CHANGE(word, function, says)                                                               \
	{                                                                                          \
		.noun = "registry", .verb = (word), .words = {"DEVICE"}, .summary = (says),        \
		.options = {CLI_OPTION("reason", "TEXT", "why; an administrator's is logged"),     \
			PARTY_KEY_OPTION("of its owner, an agency, its manufacturer; "             \
					 "without, as an administrator")},                         \
		.run = (function),                                                                 \
	}

static const struct cli_command commands[] = {
	{
		.noun = "registry",
		.verb = "import",
		.words = {"FILE"},
		.summary = "announce devices in bulk, or register owners, or go on with it",
		.options = {CLI_OPTION("batch", "ID",
				    "what it is called; the file's name unless given"),
			CLI_OPTION("format", "csv|ndjson",
				"csv unless the file's name ends in .ndjson or .jsonl"),
			CLI_FLAG("owners", "its rows are owners, not devices"),
			CLI_OPTION("report", "FILE", "where to write which rows were wrong"),
			CLI_OPTION("rows", "NUMBER", "in one request: 1000 unless given"),
			PARTY_KEY_OPTION("a manufacturer's key; without, as an administrator")},
		.more = "CSV begins with a line of column names: device, imei, mac or ipv6; make, "
			"model; and as\n"
			"wanted manufacturer, owner, firmware, hardware, serial, type, "
			"communication,\n"
			"connectivity, power, protocols. NDJSON has an object with device, "
			"manufacturer, owner\n"
			"and facts in each line. Owners: owner, kind, name, email, phone_number, "
			"address; or\n"
			"owner, kind and claims. Devices are announced: each is registered when it "
			"shows\n"
			"evidence. An import that was stopped goes on when it is begun again.",
		.after_conflict = "`symbolon registry imports` shows how far each batch is",
		.run = registry_import,
	},
	{
		.noun = "registry",
		.verb = "imports",
		.summary = "list bulk imports, and how far each is",
		.options = {CLI_PAGE_OPTIONS},
		.run = registry_imports,
	},
	{
		.noun = "registry",
		.verb = "add-manufacturer",
		.words = {"ID"},
		.summary = "register who makes devices, or change it",
		.options = {CLI_OPTION("name", "TEXT", "what it is called"),
			CLI_OPTION("party", "ID", "the party that it has enrolled as"),
			CLI_OPTION("certificate", "FILE", "its certificate, PEM, in place of it"),
			CLI_FLAG("no-preregistration", "it may not announce devices"),
			CLI_REPEATED("make", "MAKE", "one of its makes: it announces no others")},
		.run = registry_add_manufacturer,
	},
	{
		.noun = "registry",
		.verb = "manufacturers",
		.summary = "list who makes devices",
		.options = {CLI_PAGE_OPTIONS},
		.run = registry_manufacturers,
	},
	{
		.noun = "registry",
		.verb = "withdraw-manufacturer",
		.words = {"ID"},
		.summary = "let one announce no more devices",
		.after_missing = "`symbolon registry manufacturers` lists them",
		.run = registry_withdraw_manufacturer,
	},
	{
		.noun = "registry",
		.verb = "add-owner",
		.summary = "register an owner or custodian, and print its id",
		.options = {CLI_OPTION("owner", "NAME", "what rows of imports call it"),
			CLI_OPTION("kind", "person|organization", "a person unless given"),
			CLI_OPTION("claims", "FILE", "JSON object, - for standard input"),
			CLI_OPTION("owner-key", "FILE", "its public key, PEM, to sign transfers")},
		.run = registry_add_owner,
	},
	{
		.noun = "registry",
		.verb = "owners",
		.summary = "list owners, without what is personal",
		.options = {CLI_PAGE_OPTIONS},
		.run = registry_owners,
	},
	{
		.noun = "registry",
		.verb = "show-owner",
		.words = {"OWNER"},
		.summary = "show what is kept of an owner; self: of the one that asks",
		.options = {OWN_KEY},
		.run = registry_show_owner,
	},
	{
		.noun = "registry",
		.verb = "correct-owner",
		.words = {"OWNER", "FILE"},
		.summary = "put it right: a JSON object of claims, - for standard input",
		.options = {OWN_KEY},
		.run = registry_correct_owner,
	},
	{
		.noun = "registry",
		.verb = "erase-owner",
		.words = {"OWNER"},
		.summary = "erase an owner, and all that is kept of it",
		.options = {OWN_KEY},
		.run = registry_erase_owner,
	},
	{
		.noun = "registry",
		.verb = "set-owner",
		.words = {"DEVICE", "OWNER"},
		.summary = "say whose a device is",
		.after_conflict = "it has an owner: `symbolon registry offer` and accept move it",
		.run = registry_set_owner,
	},
	{
		.noun = "registry",
		.verb = "revoke-owner",
		.words = {"DEVICE"},
		.summary = "a device is its owner's no more",
		.options = {OWN_KEY},
		.run = registry_revoke_owner,
	},
	{
		.noun = "registry",
		.verb = "offer",
		.words = {"DEVICE"},
		.summary = "offer a device to another owner, signed",
		.options = {PARTY_KEY_OPTION("the owner's own key"),
			CLI_OPTION("to", "PARTY", "the thumbprint of the other's key"),
			CLI_OPTION("days", "NUMBER", "how long it is open: 7 unless given")},
		.run = registry_offer,
	},
	{
		.noun = "registry",
		.verb = "accept",
		.words = {"TRANSFER", "DEVICE"},
		.summary = "take a device that is offered, signed",
		.options = {PARTY_KEY_OPTION("the key of the one it is offered to")},
		.run = registry_accept,
	},
	{
		.noun = "registry",
		.verb = "approve-transfer",
		.words = {"TRANSFER"},
		.summary = "approve it, where policy wants that",
		.run = registry_approve_transfer,
	},
	{
		.noun = "registry",
		.verb = "withdraw-transfer",
		.words = {"TRANSFER"},
		.summary = "end an offer that is open",
		.options = {PARTY_KEY_OPTION("of one of both sides; without, as an administrator")},
		.run = registry_withdraw_transfer,
	},
	{
		.noun = "registry",
		.verb = "transfers",
		.summary = "list offers, open and done",
		.options = {CLI_PAGE_OPTIONS},
		.run = registry_transfers,
	},
	CHANGE("lost", registry_lost, "report a device lost"),
	CHANGE("stolen", registry_stolen, "report a device stolen"),
	CHANGE("found", registry_found, "report a device found"),
	CHANGE("retire", registry_retire, "a device is out of use"),
	CHANGE("reinstate", registry_reinstate, "one that was retired may register again"),
	{
		.noun = "registry",
		.verb = "erase",
		.words = {"DEVICE"},
		.summary = "erase what the log knows of a device",
		.run = registry_erase_device,
	},
	{
		.noun = "registry",
		.verb = "applications",
		.summary = "list applications, and their status",
		.options = {CLI_PAGE_OPTIONS},
		.run = registry_applications,
	},
	{
		.noun = "registry",
		.verb = "decide-application",
		.words = {"APPLICATION"},
		.summary = "decide whether an application is trusted",
		.options = {CLI_OPTION("trust", "STATUS", "trusted, unverified or unreliable"),
			CLI_OPTION("reason", "TEXT", "why"),
			CLI_OPTION("name", "TEXT", "what it is called"),
			CLI_OPTION("maker", "MAKER", "whose product it is, as advisories say"),
			CLI_OPTION("product", "PRODUCT", "and which: rules judge it then"),
			CLI_OPTION("release", "VERSION", "its version")},
		.run = registry_decide_application,
	},
};

const struct cli_noun cli_registry_owners = {.name = "registry",
	.commands = commands,
	.count = sizeof(commands) / sizeof(commands[0])};
