// SPDX-License-Identifier: Apache-2.0
/* The rows of commands about what a registry thinks of its devices. */
#include "cli/registry.h"
#include "cli/registry_status.h"

#define WHY CLI_OPTION("reason", "TEXT", "why; it is logged")

static const struct cli_command commands[] = {
	{
		.noun = "registry",
		.verb = "import-advisories",
		.words = {"FILE"},
		.summary = "import advisories (CSAF 2.0), a file or a folder of them",
		.options = {CLI_OPTION("release-at", "TIME",
			"until then only who has to act may know; 2026-01-31T00:00:00Z")},
		.more = "Each is recorded or refused, with the clause of CSAF that it breaks. A "
			"newer "
			"version takes\nthe place of an older one.",
		.run = registry_import_advisories,
	},
	{
		.noun = "registry",
		.verb = "vulnerabilities",
		.summary = "list what is recorded of vulnerabilities",
		.options = {CLI_PAGE_OPTIONS,
			CLI_OPTION("device", "ID", "those of this device as it is now")},
		.run = registry_vulnerabilities,
	},
	{
		.noun = "registry",
		.verb = "withdraw-vulnerability",
		.words = {"ID"},
		.summary = "take one back: it was a mistake",
		.options = {WHY},
		.after_missing = "`symbolon registry vulnerabilities` lists them",
		.run = registry_withdraw_vulnerability,
	},
	{
		.noun = "registry",
		.verb = "roots",
		.summary = "list roots of trust, accepted and withdrawn",
		.options = {CLI_PAGE_OPTIONS},
		.run = registry_roots,
	},
	{
		.noun = "registry",
		.verb = "accept-root",
		.summary = "accept a root of trust",
		.options = {CLI_OPTION("name", "TEXT", "what people call it"),
			CLI_OPTION("certificate", "FILE", "a maker's authority, PEM"),
			CLI_OPTION("root", "ID",
				"x509: and a SHA-256 of a single device's certificate, or aka: and "
				"a "
				"realm")},
		.run = registry_accept_root,
	},
	{
		.noun = "registry",
		.verb = "withdraw-root",
		.words = {"ID"},
		.summary = "accept it no more; the policy says what becomes of its devices",
		.options = {WHY},
		.run = registry_withdraw_root,
	},
	{
		.noun = "registry",
		.verb = "decide",
		.words = {"DEVICE", "STATUS"},
		.summary = "decide of a device: trusted, unverified or unreliable",
		.options = {WHY, CLI_OPTION("until", "TIME",
					 "when that ends; unless given, when it is taken back")},
		.run = registry_decide,
	},
	{
		.noun = "registry",
		.verb = "undecide",
		.words = {"DEVICE"},
		.summary = "take a decision back",
		.run = registry_undecide,
	},
	{
		.noun = "registry",
		.verb = "movements",
		.summary = "list what moves many devices, or waits for a second person",
		.options = {CLI_PAGE_OPTIONS},
		.run = registry_movements,
	},
	{
		.noun = "registry",
		.verb = "release-movement",
		.words = {"NUMBER"},
		.summary = "let it happen: by another person than who caused it",
		.options = {WHY},
		.after_conflict =
			"`symbolon registry movements` shows what waits, and who caused it",
		.run = registry_release_movement,
	},
	{
		.noun = "registry",
		.verb = "refuse-movement",
		.words = {"NUMBER"},
		.summary = "do not let it happen: by another person than who caused it",
		.options = {WHY},
		.after_conflict =
			"`symbolon registry movements` shows what waits, and who caused it",
		.run = registry_refuse_movement,
	},
	{
		.noun = "registry",
		.verb = "policy",
		.summary = "show the rules that decide what is trusted",
		.run = registry_policy,
	},
	{
		.noun = "registry",
		.verb = "check-policy",
		.words = {"FILE"},
		.summary = "check a file of rules, without a registry",
		.run = registry_check_policy,
	},
};

const struct cli_noun cli_registry_status = {.name = "registry",
	.summary = "a trust registry for devices (Y.3059)",
	.commands = commands,
	.count = sizeof(commands) / sizeof(commands[0])};
