// SPDX-License-Identifier: Apache-2.0
/* asp_join: the commands with which an ASP comes to a realm, and an operator lets it in (10.2). */
#pragma once

#include "cli/cli.h"

cli_run asp_join_apply, asp_join_applications, asp_join_approve, asp_join_refuse, asp_join_collect,
	asp_join_certificate, asp_join_certificates;

#define CLI_ASP_JOIN_COMMANDS                                                                      \
	{                                                                                          \
		.noun = "asp",                                                                     \
		.verb = "apply",                                                                   \
		.words = {"ID"},                                                                   \
		.summary = "apply at a realm, as an application service provider",                 \
		.options = {CLI_OPTION("name", "NAME", "what it is called"),                       \
			CLI_OPTION("contact", "TEXT", "whom the operator may ask"),                \
			CLI_OPTION("csr", "FILE", "certificate signing request, PEM"),             \
			CLI_OPTION("claim", "FILE",                                                \
				"where to keep the secret that collects the certificate"),         \
			CLI_REPEATED("element", "HOST", "an application element of yours")},       \
		.more = "ID is a public identity, such as cin:U72200KA2001PTC028000. The CSR: "    \
			"openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "     \
			"-subj / -keyout asp.key -out asp.csr",                                    \
		.after_conflict = "an application under way is decided first; an ASP that is "     \
				  "there gets elements by `symbolon asp set`",                     \
		.run = asp_join_apply,                                                             \
	},                                                                                         \
		{                                                                                  \
			.noun = "asp",                                                             \
			.verb = "applications",                                                    \
			.summary = "list the applications of ASPs",                                \
			.options = {CLI_OPTION("state", "STATE",                                   \
					    "pending, approved, refused or collected"),            \
				CLI_PAGE_OPTIONS},                                                 \
			.run = asp_join_applications,                                              \
		},                                                                                 \
		{                                                                                  \
			.noun = "asp",                                                             \
			.verb = "approve",                                                         \
			.words = {"APPLICATION"},                                                  \
			.summary = "approve the application of an ASP",                            \
			.after_missing = "`symbolon asp applications` lists them",                 \
			.run = asp_join_approve,                                                   \
		},                                                                                 \
		{                                                                                  \
			.noun = "asp",                                                             \
			.verb = "refuse",                                                          \
			.words = {"APPLICATION"},                                                  \
			.summary = "refuse it, also when it was approved and not collected yet",   \
			.options = {CLI_OPTION("reason", "TEXT", "what the ASP is told")},         \
			.after_missing = "`symbolon asp applications` lists them",                 \
			.run = asp_join_refuse,                                                    \
		},                                                                                 \
		{                                                                                  \
			.noun = "asp",                                                             \
			.verb = "collect",                                                         \
			.words = {"CLAIM"},                                                        \
			.summary = "collect the certificate of an ASP that was approved",          \
			.options = {CLI_OPTION("out", "FILE", "where the certificate goes"),       \
				CLI_OPTION("authority", "FILE",                                    \
					"where that of the authority goes which signed it"),       \
				CLI_OPTION("wait", "SECONDS", "how long to wait for approval")},   \
			.more = "CLAIM is the file that `symbolon asp apply` wrote.",              \
			.run = asp_join_collect,                                                   \
		},                                                                                 \
		{                                                                                  \
			.noun = "asp",                                                             \
			.verb = "certificate",                                                     \
			.summary = "get a certificate for another key or element, or a new one",   \
			.options = {CLI_OPTION("csr", "FILE", "certificate signing request, PEM"), \
				CLI_OPTION("out", "FILE", "where the certificate goes")},          \
			.run = asp_join_certificate,                                               \
		},                                                                                 \
	{                                                                                          \
		.noun = "asp", .verb = "certificates",                                             \
		.summary = "list the certificates that an ASP was given",                          \
		.options = {CLI_OPTION("asp", "ID", "whose, for operators"), CLI_PAGE_OPTIONS},    \
		.run = asp_join_certificates,                                                      \
	}
