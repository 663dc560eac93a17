// SPDX-License-Identifier: Apache-2.0
/* conf: the options of symbolon-authz. */
#pragma once

#include "core/degree.h"
#include "net/node_conf.h"

#define DEGREE_OPTIONS(ROW, S)                                                                     \
	ROW(S, TEXT, name, "name", NULL, START,                                                    \
		CONF_IS("1 to 31 letters, digits, '-' or '_'", degrees_check_name),                \
		"What applications are registered with.")                                          \
	ROW(S, TIME, lifetime, "lifetime", NULL, START, CONF_RANGE(60000, 31536000000),            \
		"How long a token of this degree may live.")                                       \
	ROW(S, BOOL, gba, "gba", "false", START, CONF_PLAIN,                                       \
		"Whether format gba will do, which binds no node and no channel.")                 \
	ROW(S, TEXT, mechanisms, "mechanisms", "", START,                                          \
		CONF_IS("aka and certificate, with a space between", degree_check_mechanisms),     \
		"How devices may prove who they are; in any way unless given.")                    \
	ROW(S, TEXT, algorithms, "algorithms", "", START,                                          \
		CONF_IS("milenage, tuak, p-256, p-384, p-521, ed25519 and rsa, with spaces "       \
			"between",                                                                 \
			degree_check_algorithms),                                                  \
		"Of which kinds their long-term keys may be; of any unless given.")                \
	ROW(S, NUMBER, strength, "strength", "0", START, CONF_RANGE(0, 256),                       \
		"Bits of security that these must have: AKA and P-256 have 128, RSA of 2048 bits " \
		"has 112.")
CONF_STRUCT(degree_conf, DEGREE_OPTIONS);
extern const struct conf_option degree_options[];
enum err degrees_check_name(const char *text);

#define CHANGE_REALM_OPTIONS(ROW, S)                                                               \
	ROW(S, TEXT, realm, "realm", NULL, START,                                                  \
		CONF_IS("a fully qualified domain name", node_check_fqdn),                         \
		"The other operator's realm.")                                                     \
	ROW(S, TEXT, host, "host", NULL, START,                                                    \
		CONF_IS("a fully qualified domain name", node_check_fqdn),                         \
		"The name of its authorization node, which its certificate must carry.")           \
	ROW(S, TEXT, address, "address", "", START,                                                \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                 \
		"Where its change.listen is; none: nobody comes from there to here.")              \
	ROW(S, TEXT, key, "key", "", START, CONF_IS("a file name", NULL),                          \
		"Its public envelope key (PEM, P-256); none: nobody goes there from here.")        \
	ROW(S, TEXT, signing_key, "signing_key", "", START, CONF_IS("a file name", NULL),          \
		"Its realm's public signing key (PEM); none: its orders are read by devices "      \
		"alone.")
CONF_STRUCT(change_realm_conf, CHANGE_REALM_OPTIONS);
extern const struct conf_option change_realm_options[];

enum { CHANGE_BY_OPERATOR, CHANGE_AUTOMATIC };

enum err directory_check_url(const char *text);
enum err directory_check_filter(const char *text);
enum err directory_check_word(const char *text);
enum err directory_check_claim(const char *text);

enum extension_approval { EXTENSION_AUTOMATIC, EXTENSION_BY_OPERATOR };
enum extension_devices { EXTENSION_ANY, EXTENSION_IDENTIFIED };

#define EXTENSION_OPTIONS(ROW, S)                                                                  \
	ROW(S, TEXT, extension_key, "extension.key", "", START, CONF_IS("a file name", NULL),      \
		"PEM private key (P-256 or Ed25519), readable by its owner alone, that signs "     \
		"what ASPs are handed (10.3); its public half is among the keys of the realm "     \
		"document. None: trust is not extended here.")                                     \
	ROW(S, CHOICE, extension_approval, "extension.approval", "automatic", RELOAD,              \
		CONF_WORDS("automatic|operator"),                                                  \
		"Who decides on what the policy lets pass: it itself, or an operator each time.")  \
	ROW(S, CHOICE, extension_verification, "extension.verification", "prepaid", RELOAD,        \
		CONF_WORDS("none|prepaid|postpaid"),                                               \
		"How a subscriber must have been verified at least; an application may want "      \
		"more.")                                                                           \
	ROW(S, CHOICE, extension_devices, "extension.devices", "any", RELOAD,                      \
		CONF_WORDS("any|identified"),                                                      \
		"identified: of the device an identity (IMEI or another) must be registered.")     \
	ROW(S, TIME, extension_lifetime, "extension.lifetime", "365d", RELOAD,                     \
		CONF_RANGE(60000, 315360000000), "How long a consent holds at most.")              \
	ROW(S, TIME, extension_jwt_lifetime, "extension.jwt_lifetime", "1h", RELOAD,               \
		CONF_RANGE(1000, 31536000000),                                                     \
		"How long a JWT is good that an ASP fetches; each time it is made anew.")          \
	ROW(S, TEXT, extension_framework, "extension.framework", "", START,                        \
		CONF_IS("a name or URL", NULL),                                                    \
		"The trust_framework that subscribers are verified under; "                        \
		"https://REALM/subscriber-verification unless given.")

#define PORTAL_OPTIONS(ROW, S)                                                                      \
	ROW(S, TEXT, portal_listen, "portal.listen", "", START,                                     \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                  \
		"Where the API is served to ASPs, subscribers and operators, with TLS; "            \
		"certificates "                                                                     \
		"of clients are optional.")                                                         \
	ROW(S, TEXT, portal_certificate, "portal.certificate", "", START,                           \
		CONF_IS("a file name", NULL), "PEM chain that names this node.")                    \
	ROW(S, TEXT, portal_key, "portal.key", "", START, CONF_IS("a file name", NULL),             \
		"Its PEM key, readable by its owner alone.")                                        \
	ROW(S, TEXT, portal_authority, "portal.authority", "", START, CONF_IS("a file name", NULL), \
		"PEM certificates that ASPs and operators are verified against; none: they use "    \
		"API keys.")                                                                        \
	ROW(S, TEXT, portal_url, "portal.url", "", START, CONF_IS("an https: URL", NULL),           \
		"How others reach it, as it is told to them.")                                      \
	ROW(S, TEXT, portal_operator, "portal.operator", "", START, CONF_IS("a name", NULL),        \
		"The operator's name, for the pages that people read; the realm's unless given.")   \
	ROW(S, TEXT, portal_contact, "portal.contact", "", START, CONF_IS("a line of text", NULL),  \
		"Where people can ask, for those pages.")                                           \
	ROW(S, NUMBER, portal_connections, "portal.connections", "1024", START,                     \
		CONF_RANGE(1, 100000), "Connections to the portal at the same time.")               \
	ROW(S, TIME, portal_session, "portal.session", "1h", RELOAD, CONF_RANGE(1000, 2592000000),  \
		"How long a subscriber stays signed in.")                                           \
	ROW(S, NUMBER, portal_sessions, "portal.sessions", "16", RELOAD, CONF_RANGE(1, 1000),       \
		"Sessions of one subscriber at the same time; the oldest end.")                     \
	ROW(S, NUMBER, portal_attempts, "portal.attempts", "5", RELOAD, CONF_RANGE(1, 100),         \
		"Wrong passwords or codes after which an account is locked.")                       \
	ROW(S, TIME, portal_lockout, "portal.lockout", "30s", RELOAD, CONF_RANGE(1000, 86400000),   \
		"For how long at first; twice as long after each further failure, up to 128 "       \
		"times.")                                                                           \
	ROW(S, NUMBER, portal_sign_ins, "portal.sign_ins", "30", RELOAD, CONF_RANGE(0, 1000000),    \
		"Attempts to sign in a minute, for one name and from one address; 0: no limit.")    \
	ROW(S, NUMBER, portal_password_memory, "portal.password_memory", "19456", START,            \
		CONF_RANGE(8192, 1048576),                                                          \
		"KiB that hashing a password takes (argon2id, two passes).")                        \
	ROW(S, TEXT, portal_code_program, "portal.code_program", "", START,                         \
		CONF_IS("a file name", NULL),                                                       \
		"Program that is given a one-time code to deliver, as JSON on its standard "        \
		"input; none: no codes.")                                                           \
	ROW(S, TIME, portal_code_lifetime, "portal.code_lifetime", "5m", RELOAD,                    \
		CONF_RANGE(10000, 3600000), "How long a one-time code can be used.")                \
	ROW(S, NUMBER, portal_waiting, "portal.waiting", "256", START, CONF_RANGE(1, 100000),       \
		"Passwords, and look-ups and programs, under way at the same time; beyond: 503.")

enum asp_approval { ASP_OPERATOR, ASP_AUTOMATIC };
enum asp_proof { PROOF_NONE, PROOF_HTTP, PROOF_DNS };

#define ASP_OPTIONS(ROW, S)                                                                        \
	ROW(S, TEXT, asp_ca_certificate, "asp.ca_certificate", "", START,                          \
		CONF_IS("a file name", NULL),                                                      \
		"PEM certificate of the authority that signs certificates of ASPs, itself in "     \
		"portal.authority; none: ASPs do not apply over the API.")                         \
	ROW(S, TEXT, asp_ca_key, "asp.ca_key", "", START, CONF_IS("a file name", NULL),            \
		"Its PEM key, readable by its owner alone.")                                       \
	ROW(S, TIME, asp_certificate_lifetime, "asp.certificate_lifetime", "90d", RELOAD,          \
		CONF_RANGE(60000, 157680000000), "How long a certificate of an ASP lives.")        \
	ROW(S, CHOICE, asp_approval, "asp.approval", "operator", RELOAD,                           \
		CONF_WORDS("operator|automatic"), "Who approves an ASP that applies.")             \
	ROW(S, TIME, asp_claim_lifetime, "asp.claim_lifetime", "30d", RELOAD,                      \
		CONF_RANGE(60000, 31536000000),                                                    \
		"How long the secret can be used with which an ASP collects its certificate.")     \
	ROW(S, NUMBER, asp_waiting, "asp.waiting", "1000", RELOAD, CONF_RANGE(1, 1000000),         \
		"Applications of ASPs that wait for the operator; beyond: 503.")                   \
	ROW(S, CHOICE, application_approval, "application.approval", "operator", RELOAD,           \
		CONF_WORDS("operator|automatic"),                                                  \
		"Who confirms an application that an ASP registers.")                              \
	ROW(S, CHOICE, application_proof, "application.proof", "none", RELOAD,                     \
		CONF_WORDS("none|http|dns"),                                                       \
		"How an ASP proves that the host of an application is its own: by a file there, "  \
		"or by a TXT record.")                                                             \
	ROW(S, NUMBER, application_proof_port, "application.proof_port", "80", RELOAD,             \
		CONF_RANGE(1, 65535), "Port where the file is fetched from.")                      \
	ROW(S, BOOL, application_proof_private, "application.proof_private", "false", RELOAD,      \
		CONF_PLAIN,                                                                        \
		"Whether it may be fetched from private, local and other addresses that are not "  \
		"public.")                                                                         \
	ROW(S, TEXT, application_resolver, "application.resolver", "", START,                      \
		CONF_IS("an IPv4 address and a port", NULL),                                       \
		"Name server for proofs; the system's unless given.")

#define AUTHZ_OPTIONS(ROW, S)                                                                       \
	NODE_OPTIONS(ROW, S)                                                                        \
	DIAMETER_OPTIONS(ROW, S)                                                                    \
	ROW(S, TEXT, operator_listen, "operator.listen", "", START,                                 \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                  \
		"Where the operator's API is served, with TLS and client certificates.")            \
	ROW(S, TEXT, operator_socket, "operator.socket", "", START, CONF_IS("a file name", NULL),   \
		"Unix socket of the operator's API, for the user that runs this node and for "      \
		"root.")                                                                            \
	ROW(S, TEXT, operator_certificate, "operator.certificate", "", START,                       \
		CONF_IS("a file name", NULL), "PEM chain that names this node.")                    \
	ROW(S, TEXT, operator_key, "operator.key", "", START, CONF_IS("a file name", NULL),         \
		"Its PEM key, readable by its owner alone.")                                        \
	ROW(S, TEXT, operator_authority, "operator.authority", "", START,                           \
		CONF_IS("a file name", NULL),                                                       \
		"PEM certificates that operators are verified against.")                            \
	ROW(S, TEXTS, operators, "operator.operators", "", RELOAD,                                  \
		CONF_MANY(0, 1024, "a name in a certificate", NULL),                                \
		"The dNSNames of certificates that may use the operator's API.")                    \
	ROW(S, NUMBER, operator_connections, "operator.connections", "64", START,                   \
		CONF_RANGE(1, 10000), "Connections to the operator's API at the same time.")        \
	ASP_OPTIONS(ROW, S)                                                                         \
	PORTAL_OPTIONS(ROW, S)                                                                      \
	EXTENSION_OPTIONS(ROW, S)                                                                   \
	ROW(S, NUMBER, import_lines, "import.lines", "256", START, CONF_RANGE(256, 4096),           \
		"Lines of a batch of SIMs that one request may bring.")                             \
	ROW(S, NUMBER, import_failures, "import.failures", "10000", RELOAD,                         \
		CONF_RANGE(0, 10000000), "Wrong lines after which a batch goes no further.")        \
	ROW(S, TEXT, directory_url, "directory.url", "", START,                                     \
		CONF_IS("an ldap:, ldaps: or ldapi: URL", directory_check_url),                     \
		"The operator's directory of subscribers and devices, asked with StartTLS or "      \
		"TLS; none unless given.")                                                          \
	ROW(S, BOOL, directory_plain, "directory.plain", "false", START, CONF_PLAIN,                \
		"Whether ldap: goes without TLS, over a line that is protected otherwise.")         \
	ROW(S, TEXT, directory_authority, "directory.authority", "", START,                         \
		CONF_IS("a file name", NULL),                                                       \
		"PEM certificates that it is verified against; the system's unless given.")         \
	ROW(S, TEXT, directory_user, "directory.user", "", START,                                   \
		CONF_IS("a distinguished name", NULL),                                              \
		"Who this node is there; nobody unless given.")                                     \
	ROW(S, TEXT, directory_password_file, "directory.password_file", "", START,                 \
		CONF_IS("a file name", NULL), "Its password, readable by its owner alone.")         \
	ROW(S, TIME, directory_timeout, "directory.timeout", "5s", START, CONF_RANGE(100, 60000),   \
		"How long an answer of it is waited for.")                                          \
	ROW(S, TEXT, directory_subscribers, "directory.subscribers", "", START,                     \
		CONF_IS("a distinguished name", NULL), "Below which subscribers stand.")            \
	ROW(S, TEXT, directory_subscriber_filter, "directory.subscriber_filter", "(uid={id})",      \
		START, CONF_IS("a filter with {id}, the subscriber's id", directory_check_filter),  \
		"Which entry is a subscriber's.")                                                   \
	ROW(S, TEXT, directory_name, "directory.name", "cn", START, CONF_IS("an attribute", NULL),  \
		"Who it is.")                                                                       \
	ROW(S, TEXT, directory_verification, "directory.verification", "", START,                   \
		CONF_IS("an attribute", NULL), "How it was verified; nobody was unless given.")     \
	ROW(S, TEXTS, directory_verifications, "directory.verifications", "", START,                \
		CONF_MANY(0, 64, "WORD=none, WORD=prepaid or WORD=postpaid", directory_check_word), \
		"What its words for that mean; none, prepaid and postpaid mean themselves.")        \
	ROW(S, TEXTS, directory_claims, "directory.claims", "", START,                              \
		CONF_MANY(0, 16, "CLAIM=ATTRIBUTE", directory_check_claim),                         \
		"Claims that the directory has, and their attributes; others stay as they are.")    \
	ROW(S, TEXT, directory_verified, "directory.verified", "", START,                           \
		CONF_IS("an attribute", NULL), "When it was verified; stays unless given.")         \
	ROW(S, TEXT, directory_devices, "directory.devices", "", START,                             \
		CONF_IS("a distinguished name", NULL),                                              \
		"Below which devices have entries; else they are values of the subscriber's.")      \
	ROW(S, TEXT, directory_device_filter, "directory.device_filter", "(owner={dn})", START,     \
		CONF_IS("a filter with {id} or {dn}, of the subscriber", directory_check_filter),   \
		"Which entries are a subscriber's devices.")                                        \
	ROW(S, TEXT, directory_client, "directory.client", "imsi", START,                           \
		CONF_IS("an attribute", NULL), "A device's IMSI, or client identity.")              \
	ROW(S, TEXT, directory_device, "directory.device", "imei", START,                           \
		CONF_IS("an attribute", NULL), "A device's IMEI, or URN, where it has an entry.")   \
	ROW(S, TEXT, change_listen, "change.listen", "", START,                                     \
		CONF_IS(NODE_ADDRESS, node_check_address_or_none),                                  \
		"Where other operators ask about clients that change over to them, with TLS and "   \
		"client certificates.")                                                             \
	ROW(S, TEXT, change_certificate, "change.certificate", "", START,                           \
		CONF_IS("a file name", NULL),                                                       \
		"PEM chain that names this node, for both ways between operators.")                 \
	ROW(S, TEXT, change_key, "change.key", "", START, CONF_IS("a file name", NULL),             \
		"Its PEM key, readable by its owner alone.")                                        \
	ROW(S, TEXT, change_authority, "change.authority", "", START, CONF_IS("a file name", NULL), \
		"PEM certificates that other operators are verified against.")                      \
	ROW(S, TEXT, change_envelope_key, "change.envelope_key", "", START,                         \
		CONF_IS("a file name", NULL),                                                       \
		"The key (PEM, P-256) that other operators seal clients' keys for.")                \
	ROW(S, TEXT, change_signing_key, "change.signing_key", "", START,                           \
		CONF_IS("a file name", NULL),                                                       \
		"The realm's signing key (PEM), that of realm_document.key: orders to devices "     \
		"are "                                                                              \
		"signed with it, and devices that come are told of it.")                            \
	ROW(S, LIST, change_realms, "change.realms", "", START,                                     \
		CONF_ITEMS(0, 256, struct change_realm_conf, change_realm_options),                 \
		"The operators that clients may change from or to.")                                \
	ROW(S, CHOICE, change_approval, "change.approval", "operator", RELOAD,                      \
		CONF_WORDS("operator|automatic"),                                                   \
		"Who lets a client come over: the operator each time, or this node by itself.")     \
	ROW(S, CHOICE, change_verification, "change.verification", "prepaid", RELOAD,               \
		CONF_WORDS("none|prepaid|postpaid"),                                                \
		"How well a subscriber must be verified who brings a client over.")                 \
	ROW(S, NUMBER, change_open, "change.open", "4", RELOAD, CONF_RANGE(1, 1000),                \
		"Changes of one subscriber under way at the same time.")                            \
	ROW(S, TIME, change_consent, "change.consent", "30d", RELOAD,                               \
		CONF_RANGE(60000, 31536000000), "How long a device's consent may be good for.")     \
	ROW(S, TIME, change_retry, "change.retry", "5s", RELOAD, CONF_RANGE(1000, 3600000),         \
		"First wait before an operator that is away is asked again; doubles up to 10m.")    \
	ROW(S, TIME, change_answer, "change.answer", "10s", START, CONF_RANGE(100, 60000),          \
		"How long another operator's answer is waited for.")                                \
	ROW(S, NUMBER, change_connections, "change.connections", "64", START,                       \
		CONF_RANGE(1, 10000), "Connections of other operators at the same time.")           \
	ROW(S, TIME, key_lifetime, "keys.lifetime", "8h", RELOAD, CONF_RANGE(1000, 31536000000),    \
		"How long a Ks may live that is made from a vector.")                               \
	ROW(S, LIST, degrees, "degrees", "", START,                                                 \
		CONF_ITEMS(0, 16, struct degree_conf, degree_options),                              \
		"Security degrees; unless given basic (24h, gba), standard (8h, gba) and high "     \
		"(1h).")                                                                            \
	ROW(S, NUMBER, sessions, "rp_b.sessions", "1000000", START, CONF_RANGE(1, 1000000000),      \
		"Permissions that are kept until they run out, so that they can be withdrawn; "     \
		"beyond: 5012.")                                                                    \
	ROW(S, NUMBER, questions, "rp_b.questions", "8192", START, CONF_RANGE(1, 1000000),          \
		"Requests of authentication elements under way at the same time.")
CONF_STRUCT(authz_conf, AUTHZ_OPTIONS);
extern const struct conf_option authz_options[];
