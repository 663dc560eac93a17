// SPDX-License-Identifier: Apache-2.0
#include "device-cli/command_line.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LENGTH(table) (sizeof(table) / sizeof((table)[0]))
#define AT(field)     offsetof(struct options, field)
#define AT_REGISTRY   (IN_REGISTER | IN_REPORT | IN_DET | IN_VIRTUAL)

const struct command commands[] = {
	{"init", IN_INIT, NULL, NULL, "makes a device: a secure element in software with this key",
		command_init},
	{"bootstrap", IN_BOOTSTRAP, NULL, NULL,
		"clause 10.4: a fresh bootstrap_token from the realm", command_bootstrap},
	{"tokens", IN_TOKENS, NULL, NULL, "shows the bootstrap_tokens that are kept",
		command_tokens},
	{"drop", IN_DROP, NULL, NULL, "forgets them", command_drop},
	{"key", IN_KEY, "APPLICATION", NULL,
		"the PSK identity for an application, to try other clients with", command_key},
	{"connect", IN_CONNECT, "APPLICATION", NULL,
		"clause 10.5: a session over TLS-PSK; bootstraps when a token is required",
		command_connect},
	{"forward", IN_FORWARD, "APPLICATION", NULL,
		"a local address that is the application: each connection to it becomes one over "
		"RP_D",
		command_forward},
	{"register", IN_REGISTER, "APPLICATION", NULL,
		"Y.3059 9.2: registers with a trust registry, keeps the RegDevID, and confirms it "
		"(det)",
		command_register},
	{"det", IN_DET, "APPLICATION", NULL,
		"confirms the RegDevID once more, and says how the device stands", command_det},
	{"report", IN_REPORT, "APPLICATION", NULL,
		"Y.3059 9.3: tells the registry the device's security parameters", command_report},
	{"virtual", IN_VIRTUAL, "APPLICATION", NULL,
		"a virtual RegDevID, for a period or for one transaction", command_virtual},
	{"serve", IN_SERVE, "APPLICATION", NULL,
		"Y.3059 9.3: answers its registry, and those whom that vouches for, after a "
		"challenge",
		command_serve},
	{"own-key", IN_OWN_KEY, "make|show|request|install", "WHAT",
		"its own key pair, made where there is none; its certificate, for the operator to "
		"register; a request for another that names URN; the one in FILE instead",
		command_own_key},
	{"realm", IN_REALM, "list|add|use|drop|pin|update", "NAME|URL",
		"the realms that the device is of, exactly one of which is active", command_realm},
	{"change", IN_CHANGE, NULL, "URL",
		"clause 10.6: a change of network operator; called again it goes on where it stood",
		command_change},
};
const size_t command_count = LENGTH(commands);

/* clang-format off */
const struct option_row option_rows[] = {
	{"client", TEXT, "ID", IN_INIT | IN_REALM | IN_CHANGE, IN_INIT, AT(client), "who it is: 001010123456789@realm.example"},
	{"node", TEXT, "FQDN", IN_INIT | IN_REALM | IN_CHANGE, IN_INIT, AT(node), "its realm's authentication node"},
	{"key-file", PATH, "FILE", IN_INIT | IN_REALM, 0, AT(key_file),
		"{\"algorithm\":\"milenage\",\"k\":\"32 hex\",\"opc\":\"32 hex\",\"amf\":\"8000\"}; - is standard input"},
	{"own-key", FLAG, "", IN_INIT, 0, AT(own_key),
		"the secure element makes a key pair; DIR/device.pem is what the operator registers"},
	{"degree", TEXT, "NAME", IN_BOOTSTRAP | IN_CONNECT | IN_FORWARD, 0, AT(degree),
		"refuses a token of another security degree"},
	{"strength", TEXT, "BITS", IN_BOOTSTRAP | IN_CONNECT | IN_FORWARD, 0, AT(strength),
		"refuses a token by a key of fewer bits of security, such as 128"},
	{"mechanism", TEXT, "NAME", IN_INIT | IN_REALM, 0, AT(mechanism),
		"how it bootstraps: aka, with the key of the file, or certificate, with its own; else with what it has"},
	{"ca", PATH, "FILE", IN_INIT | IN_REALM | IN_CHANGE | IN_SERVE, 0, AT(ca), "PEM certificates that the node is verified against; else the system's"},
	{"address", TEXT, "ADDR", IN_INIT | IN_BOOTSTRAP | IN_CONNECT | IN_FORWARD | IN_REALM | IN_CHANGE | AT_REGISTRY | IN_SERVE, 0,
		AT(address),
		"HOST:PORT to connect to, of the node or with `connect`, `forward` and `register` of the application; else port 443 of its name"},
	{"app", TEXT, "APPLICATION", IN_BOOTSTRAP | IN_CHANGE, 0, AT(app),
		"a token for this application, after its permission is checked; else one of the plain form, of GBA"},
	{"realm", TEXT, "NAME", IN_BOOTSTRAP | IN_CONNECT | IN_FORWARD | AT_REGISTRY | IN_SERVE, 0, AT(realm), "makes this realm the active one first"},
	{"serves", TEXT, "APPLICATIONS", IN_REALM, 0, AT(serves), "realm add: that it is known to serve, with commas between"},
	{"anchor", PATH, "FILE", IN_REALM | IN_CHANGE | IN_SERVE, IN_SERVE, AT(anchor), "realm add, realm pin, change: PEM, the key that signs its realm document, from which `realm add URL` and `change URL` learn the rest; serve: its registry's document, a JWK or PEM: who may ask"},
	{"token-file", PATH, "FILE", IN_CHANGE, 0, AT(token_file),
		"the session token of the user, signed in at the new operator's portal; - is standard input"},
	{"portal", TEXT, "URL", IN_CHANGE, 0, AT(portal), "the new operator's portal, in place of what its realm document says"},
	{"method", TEXT, "WORD", IN_CHANGE, 0, AT(method), "symmetric (10.6.1) or asymmetric (10.6.2); else as the device bootstraps now"},
	{"pseudonyms", FLAG, "", IN_CHANGE, 0, AT(pseudonyms), "the names that ASPs know the device by may move with it"},
	{"wait", TEXT, "SECONDS", IN_CHANGE, 0, AT(wait), "how long to wait for the operators before saying how it stands; else 60"},
	{"abort", FLAG, "", IN_CHANGE, 0, AT(abort), "gives the change up, where that is possible still"},
	{"ua", TEXT, "UA", IN_KEY, 0, AT(ua), "Ua security protocol, 10 hex digits; else 0100000007, TLS 1.3, or with --digest 0100011301"},
	{"reveal", FLAG, "", IN_KEY, 0, AT(reveal), "the key itself, in hexadecimal"},
	{"rp-c", TEXT, "ADDR", IN_CONNECT | IN_FORWARD | AT_REGISTRY, 0, AT(rp_c), "HOST:PORT of the node, should a token be required"},
	{"listen", TEXT, "ADDR", IN_FORWARD | IN_SERVE, IN_FORWARD | IN_SERVE, AT(listen),
		"forward: 127.0.0.1:PORT, [::1]:PORT or unix:PATH: whoever reaches it is this device; serve: any"},
	{"connections", TEXT, "N", IN_FORWARD | IN_SERVE, 0, AT(connections), "how many at the same time, others wait; else 256, with `serve` 16"},
	{"suite", TEXT, "HEX", IN_CONNECT | IN_FORWARD | AT_REGISTRY, 0, AT(suite),
		"TLS 1.2 with this cipher suite: ccac, 00aa or 00a8; else TLS 1.3"},
	{"get", TEXT, "PATH", IN_CONNECT, 0, AT(get), "one HTTP request; else standard input and output are the session"},
	{"digest", FLAG, "", IN_CONNECT | IN_KEY, 0, AT(digest),
		"HTTP Digest inside TLS; with `key` user and password as curl's configuration has them"},
	{"coap", FLAG, "", IN_CONNECT, 0, AT(coap), "CoAP over DTLS, for --get; --address has its port, 5684 by custom"},
	{"trust", PATH, "FILE", IN_CONNECT, 0, AT(trust),
		"--digest: PEM certificates that the application is verified against; else those of the node"},
	{"linger", TEXT, "SECONDS", IN_CONNECT, 0, AT(linger),
		"how long to wait for more once standard input has ended; else 5"},
	{"facts", PATH, "FILE", IN_REGISTER | IN_REPORT | IN_SERVE, IN_REGISTER, AT(facts),
		"what the device is, as JSON: make, model, firmware, communication, power, protocols; with `report` what has changed"},
	{"firmware", TEXT, "VERSION", IN_REGISTER | IN_REPORT | IN_SERVE, 0, AT(firmware), "its firmware, in place of what FILE says"},
	{"vulnerability", TEXT, "ID[:SEVERITY]", IN_REPORT, 0, AT(vulnerability),
		"one that the device knows of itself, or up to 4 with commas between; none, low, medium, high or critical"},
	{"registry", TEXT, "URL", IN_SERVE, 0, AT(registry),
		"https://NAME[:PORT], where the list of those it vouches for is fetched; without it the registry alone may ask"},
	{"certificate", PATH, "FILE", IN_SERVE, IN_SERVE, AT(certificate), "PEM chain that those who ask verify"},
	{"tls-key", PATH, "FILE", IN_SERVE, IN_SERVE, AT(tls_key), "its PEM key, readable by its owner alone"},
	{"evidence", TEXT, "KIND", IN_REGISTER, 0, AT(evidence),
		"aka, the token and the realm's word; or x509, the certificate of `own-key install`; else aka"},
	{"chain", PATH, "FILE", IN_REGISTER, 0, AT(chain), "x509: PEM certificates between the device's and its maker's root"},
	{"once", FLAG, "", IN_VIRTUAL, 0, AT(once), "for one transaction"},
	{"until", TEXT, "TIME", IN_VIRTUAL, 0, AT(until), "as 2027-01-31T00:00:00Z; else as long as the registry says"},
	{"list", FLAG, "", IN_VIRTUAL, 0, AT(list), "those that there are"},
	{"end", TEXT, "ID", IN_VIRTUAL, 0, AT(end), "ends that one"},
	{"dir", PATH, "DIR", IN_ALL, 0, AT(dir), "the device's folder; $SYMBOLON_DEVICE, else ./device"},
	{"json", FLAG, "", IN_ALL, 0, AT(json), "answers and errors as JSON"},
	{"log-level", TEXT, "LEVEL", IN_ALL, 0, AT(log_level),
		"error, warn, info, or debug: every step, as JSON lines on standard error"},
	{"help", FLAG, "", IN_ALL, 0, AT(show_help), "show this"},
	{"version", FLAG, "", IN_ALL, 0, AT(show_version), "show the version"},
};
/* clang-format on */
const size_t option_count = LENGTH(option_rows);

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

/* --- completion --- */

static const struct option_row *find_option(const char *word)
{
	for (size_t i = 0; i < option_count && strncmp(word, "--", 2) == 0; i++) {
		if (strcmp(option_rows[i].name, word + 2) == 0) {
			return &option_rows[i];
		}
	}
	return NULL;
}

/* "list|add": each of them. */
static void print_words(const char *words)
{
	while (*words) {
		size_t len = strcspn(words, "|");

		(void)printf("%.*s\n", (int)len, words);
		words += len + (words[len] == '|');
	}
}

void complete(int count, char **words)
{
	const struct option_row *before = count > 1 ? find_option(words[count - 2]) : NULL;
	const struct command *command = NULL;
	unsigned of = IN_ALL;

	if (before && before->takes != FLAG) {
		(void)fputs(before->takes == PATH		     ? "@files\n"
			    : strcmp(before->name, "log-level") == 0 ? "error\nwarn\ninfo\ndebug\n"
								     : "",
			stdout);
		return;
	}
	for (int i = 0; i < count - 1 && !command; i++) {
		const struct option_row *option = find_option(words[i]);

		command = option ? NULL : command_find(words[i]);
		i += option && option->takes != FLAG;
	}
	of = command ? command->bit : IN_ALL;
	for (size_t i = 0; i < command_count && !command; i++) {
		(void)printf("%s\n", commands[i].name);
	}
	if (command && command->word && command->second &&
		strcmp(words[count - 2], command->name) == 0) {
		print_words(command->word);
		return;
	}
	for (size_t i = 0; i < option_count; i++) {
		if (command ? option_rows[i].of & of : option_rows[i].of == IN_ALL) {
			(void)printf("--%s\n", option_rows[i].name);
		}
	}
}
