// SPDX-License-Identifier: Apache-2.0
#include "cli/walk.h"

#include "base/text.h"
#include "wire/json.h"

#include <stdlib.h>
#include <string.h>

/* A row is no wider than a screen: 12 for the clause, 23, 63 and 11. */
enum { ACTOR_MAX = 24, STEPS_MAX = 256, TEXT_MAX = 40, WORDS_MAX = 80, LINE_CEILING = 64 * 1024 };

struct step {
	char ts[TEXT_MAX], clause[16], event[TEXT_MAX], from[ACTOR_MAX], to[ACTOR_MAX];
	char words[WORDS_MAX]; /* its own; "": as the table has it */
	int64_t us;	       /* since 1970 */
};

struct walk {
	struct step steps[STEPS_MAX];
	size_t count;
};

/* What a step means, in the words of the text's clause 10. */
static const struct meaning {
	const char *clause, *event, *words, *to; /* `to`: whom, when the line does not say */
} meanings[] = {
	{"10.4/1a", "rp_c.start", "the client element names itself, and the application"},
	{"10.4/1a", "rp_c.identified", "whose temporary identity (TMPI) it came under"},
	{"10.4/1b", "rp_b.vector_asked", "keying material is asked for (Zh MAR)"},
	{"10.4/1b", "rp_b.key_asked",
		"whose public key is this? TLS has proven its other half (MAR)"},
	{"10.4/1c", "rp_b.key_looked_up", "it is registered for this client (MAA)"},
	{"10.4/1b", "rp_b.resynchronisation_asked",
		"the device lost step: RAND || AUTS go along (MAR)"},
	{"10.4/1c", "rp_b.vector_made", "SQN committed, then RAND AUTN XRES CK IK (Zh MAA)"},
	{"10.4/2a", "rp_c.challenge", "challenge: nonce = RAND || AUTN, realm = the node"},
	{"10.4/2b", "se.autn_verified", "secure element: AUTN genuine, SQN fresh; RES CK IK"},
	{"10.4/2c", "rp_c.response", "response: digest over RES (AKAv2-SHA-256, auth-int)"},
	{"10.4/3b", "rp_c.not_permitted", "the flag is not set: 403, and no token"},
	{"9.6.2", "rp_b.revoked", "the permission is withdrawn (ASR)"},
	{"9.6.2", "token.revoked", "the token has ended, committed"},
	{"9.6.1", "rp_a.told", "its elements are told: sessions end at once"},
	{"9.6.1", "rp_a.acknowledged", "the element has forgotten it"},
	{"10.4/4c", "rp_c.answered", "200: the device hears of its token"},
	{"10.4/1d", "rp_c.verified", "response verified in constant time"},
	{"10.4/4b", "token.generated", "id and keys from Ks, client, application, node, realm"},
	{"10.4/4c", "token.stored", "token sealed and committed, with the event that tells of it"},
	{"10.4/1d", "rp_c.key_verified", "TLS 1.3 has proved both keys: it is this client"},
	{"10.4/4a", "node.verified", "rspauth verified: the realm knows RES too"},
	{"10.4/4a", "ks.exported", "Ks by the exporter of that TLS connection (RFC 5705)"},
	{"10.4/4a", "token.generated", "the same token, its Ks in the secure element"},
	{"10.4/4d", "rp_a.asked", "the element knows no such token: it asks (Zn BIR)"},
	{"10.4/3a", "rp_b.permission_asked", "service permission flag? (AAR)"},
	{"10.4/3b", "rp_b.permission_answered",
		"flag of this client, application and element (AAA)"},
	{"10.4/4d", "rp_a.pushed", "the application's keys, expiry, pseudonym"},
	{"10.4/4d", "rp_a.acknowledged", "its element has the token"},
	{"9.6.1", "rp_a.announced", "the element says what it serves, where and how"},
	{"9.6.1", "rp_a.served", "it may: the application is its ASP's"},
	{"10.4/1a", "rp_c.tmpi_unknown", "a temporary identity of another time: who is it?"},
	{"10.6.1/1", "change.consented", "its user wants to change: consent, signed with its key"},
	{"10.6.1/1", "change.asked", "the consent is handed in at the new operator", "new:authz"},
	{"10.6.1/1", "change.requested", "and registered, for a user who is signed in"},
	{"10.6.1/2", "change.verified", "user verified well enough; the device signed it itself"},
	{"10.6.1/3", "change.asked", "the user's pre-shared key, please; with the consent",
		"old:authz"},
	{"10.6.1/3", "change.key_handed_over",
		"vectors frozen; the key, sealed for the new operator", "new:authz"},
	{"10.6.1/3", "change.keyed", "hears that the new operator has the key"},
	{"10.6.1/4", "change.updated", "it has the new operator's own key alone"},
	{"10.6.2/1", "change.consented", "its user wants to change: consent, signed with its key"},
	{"10.6.2/1", "change.asked", "the consent is handed in at the new operator", "new:authz"},
	{"10.6.2/1", "change.requested", "and registered, for a user who is signed in"},
	{"10.6.2/2", "change.verified", "user verified well enough; the device signed it itself"},
	{"10.6.2/3", "change.asked", "have the device take my public key; with the consent",
		"old:authz"},
	{"10.6.2/3", "change.order_signed",
		"the order, signed with its private key: yours replaces mine", "new:authz"},
	{"10.6.2/3", "change.ordered", "order verified; the new operator's key is pinned now"},
	{"10.6.2/4", "change.asked", "the device has done so (its receipt): its public key, please",
		"old:authz"},
	{"10.6.2/4", "change.public_key_given", "the receipt is verified; here it is", "new:authz"},
	{"10.6.2/4", "change.updated", "hears that the new operator has its public key"},
	{"10.6.1/4", "rp_c.key_update", "under Ks and a fresh X25519 half: another key, please"},
	{"10.6.1/4", "key_update.asked", "the vault is asked, which alone sees keys"},
	{"10.6.1/4", "key_update.made", "a new key, which the old operator cannot know"},
	{"10.6.1/4", "key_update.answered", "sealed for the device alone"},
	{"10.6.1/4", "se.key_installed", "secure element: kept beside the old one, not yet used"},
	{"10.6.1/4", "key_update.confirmed", "the device has it: it is the key from now on"},
	{"10.6.1/4", "se.key_replaced", "secure element: the old operator's key is gone"},
	{"10.6.1/5", "change.first_token", "the first token of the new realm is made (10.4)"},
	{"10.6.1/5", "change.asked", "tells: the device has changed", "old:authz"},
	{"10.6.1/5", "change.left", "its tokens, its rights and the client end here"},
	{"10.6.1/5", "change.told", "the old operator has acknowledged it"},
	{"10.6.2/5", "change.first_token", "the first token of the new realm is made (10.4)"},
	{"10.6.2/5", "change.asked", "tells: the device has changed", "old:authz"},
	{"10.6.2/5", "change.left", "its tokens, its rights and the client end here"},
	{"10.6.2/5", "change.told", "the old operator has acknowledged it"},
	{"9.1/i", "event.registry_set_up", "a log begins: the registry has a name"},
	{"9.1/v", "event.registry_joined", "registries follow each other's logs from now on"},
	{"9.2/i-b", "event.device_registered",
		"a RegDevID: the registry's name and the device's own"},
	{"9.2/ii-b", "event.device_confirmed", "det: the device has it in its secure element"},
	{"9.2/ii-a", "device.registered",
		"register, under the key of its token; acknowledged, and kept"},
	{"9.2/ii-b", "device.confirmed", "det: accepted, and in its secure element"},
	{"9.3/i-c", "device.reported", "report: firmware and what else is of security"},
	{"9.3/ii-a", "event.device_reported", "its security parameters, with a time stamp"},
	{"9.3/ii-b", "event.vulnerability_recorded", "an advisory, for makes, models and versions"},
	{"9.3/i-a", "event.enquirer_enrolled", "an enquirer's key, for a purpose"},
	{"9.3/i-a", "event.enquirer_changed", "an administrator has approved it"},
	{"9.4/i-a", "event.subscription_changed", "somebody wants to be told"},
	{"9.4/i-c", "notify.told", "an event that was asked for, until it is acknowledged"},
	{"9.4/i-b", "event.word_heard", "what another registry says of it, taken into account"},
	{"9.4/i-b", "event.status_changed", "a device's trust has changed, by a rule"},
	{"10.5/1a", "session.requested", "a person wants the application"},
	{"10.5/1b", "session.secure_asked", "connection element: a secure session, please"},
	{"10.5/1c", "token.looked_up", "is there a valid bootstrap_token?"},
	{"10.5/1d", "token.valid", "yes, and it has not expired"},
	{"10.5/1d", "token.required", "no: clause 10.4 first"},
	{"10.5/2a", "token.key_derived",
		"its key = KDF(Ks, RAND, client, NAF-Id, node, realm, channel)"},
	{"10.5/2b", "token.key_set", "session control has identity and key"},
	{"10.5/2c", "session.established", "TLS 1.3 with that PSK: both ends hold the same key"},
};

enum err walk_new(struct walk **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? OK : err_fail(ERR_MEMORY, "walk: out of memory");
}

void walk_free(struct walk *walk)
{
	free(walk);
}

void walk_begin(struct walk *walk)
{
	walk->count = 0;
}

static void copy(const struct json *line, const char *name, char *to, size_t room)
{
	struct view value = {0};

	to[0] = '\0';
	if (json_text_opt(line, name, &value) == OK && value.len < room) {
		memcpy(to, value.data ? value.data : (const uint8_t *)"", value.len);
		to[value.len] = '\0';
	}
}

static enum err digits_of(struct view text, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9') {
			return err_fail(ERR_SYNTAX, "log: not a digit in ts");
		}
		value = value * 10 + (uint64_t)(text.data[i] - '0');
	}
	*ret = value;
	return OK;
}

/* "2026-11-21T23:30:19.123456Z" */
static enum err read_time(struct step *step)
{
	char whole[] = "2026-11-21T23:30:19Z";
	uint64_t fraction = 0;
	int64_t seconds;

	if (strlen(step->ts) != 27) {
		return err_fail(ERR_SYNTAX, "log: ts without microseconds");
	}
	memcpy(whole, step->ts, 19);
	TRY(text_from_time(view_text(whole), &seconds, "log: ts"));
	TRY(digits_of(view_of(step->ts + 20, 6), &fraction));
	step->us = seconds * 1000000 + (int64_t)fraction;
	return OK;
}

void walk_step(struct walk *walk, int64_t now_us, const char *clause, const char *actor,
	const char *words)
{
	struct step step = {.us = now_us};

	if (walk->count == STEPS_MAX) {
		return;
	}
	text_time(now_us / 1000000, step.ts);
	(void)snprintf(step.ts + 19, sizeof(step.ts) - 19, ".%06dZ", (int)(now_us % 1000000));
	(void)snprintf(step.clause, sizeof(step.clause), "%s", clause);
	(void)snprintf(step.event, sizeof(step.event), "shown");
	(void)snprintf(step.from, sizeof(step.from), "%s", actor);
	(void)snprintf(step.words, sizeof(step.words), "%s", words);
	walk->steps[walk->count++] = step;
}

/* Debug lines are steps; of what is logged anyway, what the flows between parties tell. */
static bool is_step(const char *level, const char *clause)
{
	static const char *const flows[] = {"10.2", "10.3", "10.6"};

	if (strcmp(level, "debug") == 0) {
		return clause[0] != '\0';
	}
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		if (strncmp(clause, flows[i], strlen(flows[i])) == 0) {
			return true;
		}
	}
	return false;
}

/* "new:authn" for the authn that a node of the new realm speaks of. */
static void mark(char name[ACTOR_MAX], const char *actor)
{
	const char *colon = strchr(actor, ':');
	char marked[ACTOR_MAX];
	struct buf out = buf_fixed(marked, sizeof(marked));

	if (!colon || (strcmp(name, "authn") != 0 && strcmp(name, "authz") != 0)) {
		return;
	}
	buf_bytes(&out, actor, (size_t)(colon - actor) + 1);
	buf_text(&out, name);
	buf_u8(&out, 0);
	if (buf_end(&out, "step") == OK) {
		memcpy(name, marked, sizeof(marked));
	}
}

void walk_line(struct walk *walk, const char *actor, struct view text)
{
	char level[TEXT_MAX];

	JSON_CLEANUP struct json *line = NULL;
	struct step step = {.us = 0};

	if (text.len == 0 || text.data[0] != '{' || walk->count == STEPS_MAX ||
		json_parse(text, LINE_CEILING, &line) != OK) {
		return;
	}
	copy(line, "level", level, sizeof(level));
	copy(line, "clause", step.clause, sizeof(step.clause));
	copy(line, "event", step.event, sizeof(step.event));
	copy(line, "ts", step.ts, sizeof(step.ts));
	copy(line, "from", step.from, sizeof(step.from));
	copy(line, "to", step.to, sizeof(step.to));
	if (!step.from[0]) {
		(void)snprintf(step.from, sizeof(step.from), "%s", actor);
	}
	mark(step.from, actor);
	mark(step.to, actor);
	if (is_step(level, step.clause) && read_time(&step) == OK) {
		walk->steps[walk->count++] = step;
	}
}

size_t walk_steps(const struct walk *walk)
{
	return walk->count;
}

bool walk_has(const struct walk *walk, const char *clause, const char *event)
{
	for (size_t i = 0; i < walk->count; i++) {
		if (strcmp(walk->steps[i].clause, clause) == 0 &&
			strcmp(walk->steps[i].event, event) == 0) {
			return true;
		}
	}
	return false;
}

int64_t walk_seen_at(const struct walk *walk, const char *event, const char *to)
{
	int64_t first = 0;

	for (size_t i = 0; i < walk->count; i++) {
		const struct step *step = &walk->steps[i];

		if (strcmp(step->event, event) == 0 && strcmp(step->to, to) == 0 &&
			(first == 0 || step->us < first)) {
			first = step->us;
		}
	}
	return first;
}

/* Both ends of a way log it: the second line is its arrival. */
static bool seen_before(const struct walk *walk, const struct step *step)
{
	for (const struct step *other = walk->steps; other < step; other++) {
		if (strcmp(other->clause, step->clause) == 0 &&
			strcmp(other->event, step->event) == 0 && step->to[0] &&
			strcmp(step->from, step->to) != 0 &&
			strncmp(step->event, "event.", 6) != 0) {
			return true;
		}
	}
	return false;
}

/* NULL: the table does not know it. */
static const struct meaning *meaning_of(const struct step *step)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (strcmp(meanings[i].clause, step->clause) == 0 &&
			strcmp(meanings[i].event, step->event) == 0) {
			return &meanings[i];
		}
	}
	return NULL;
}

static const char *words_of(const struct walk *walk, const struct step *step)
{
	const struct meaning *meaning = meaning_of(step);

	if (step->words[0]) {
		return step->words;
	}
	if (seen_before(walk, step)) {
		return "  ... and the other side has it";
	}
	return meaning ? meaning->words : step->event;
}

static const char *to_of(const struct step *step)
{
	const struct meaning *meaning = meaning_of(step);

	return meaning && meaning->to ? meaning->to : step->to;
}

static int by_time(const void *a, const void *b)
{
	const struct step *one = a, *other = b;

	return (one->us > other->us) - (one->us < other->us);
}

static void print_json(const struct walk *walk, const struct step *step, int64_t took, FILE *to)
{
	BUF_CLEANUP struct buf line = buf_growing(4096);
	struct json_writer w = json_to(&line);

	json_open(&w, NULL);
	json_put_string(&w, "ts", step->ts);
	json_put_string(&w, "clause", step->clause);
	json_put_string(&w, "event", step->event);
	json_put_string(&w, "from", step->from);
	json_put_string(&w, "to", to_of(step));
	json_put_int(&w, "us", took);
	json_put_string(&w, "meaning", words_of(walk, step));
	json_close(&w);
	(void)fprintf(to, "%s\n", buf_string(&line));
}

static void print_row(const struct walk *walk, const struct step *step, int64_t took, bool colour,
	FILE *to)
{
	const char *whom = to_of(step);
	bool travels = whom[0] && strcmp(step->from, whom) != 0;
	char way[2 * ACTOR_MAX + 8];
	const char *mark = colour ? "\033[1;36m" : "";
	const char *faint = colour ? "\033[2m" : "";
	const char *plain = colour ? "\033[0m" : "";

	(void)snprintf(way, sizeof(way), travels ? "%s -> %s" : "%s", step->from, whom);
	(void)fprintf(to, "  %s%-8s%s %-22s %-62s %s%8.2f ms%s\n", mark, step->clause, plain, way,
		words_of(walk, step), faint, (double)took / 1000.0, plain);
}

void walk_keep(struct walk *walk, const char *clause)
{
	size_t kept = 0;

	for (size_t i = 0; i < walk->count; i++) {
		if (strncmp(walk->steps[i].clause, clause, strlen(clause)) == 0) {
			walk->steps[kept++] = walk->steps[i];
		}
	}
	walk->count = kept;
}

void walk_keep_own(struct walk *walk)
{
	size_t kept = 0;

	for (size_t i = 0; i < walk->count; i++) {
		const struct step *step = &walk->steps[i];

		if (strncmp(step->event, "event.", 6) != 0 || strcmp(step->from, step->to) == 0) {
			walk->steps[kept++] = *step;
		}
	}
	walk->count = kept;
}

void walk_print(struct walk *walk, enum walk_form form, FILE *to)
{
	qsort(walk->steps, walk->count, sizeof(walk->steps[0]), by_time);
	for (size_t i = 0; i < walk->count; i++) {
		int64_t took = i > 0 ? walk->steps[i].us - walk->steps[i - 1].us : 0;

		if (form == WALK_JSON) {
			print_json(walk, &walk->steps[i], took, to);
		} else {
			print_row(walk, &walk->steps[i], took, form == WALK_COLOUR, to);
		}
	}
	(void)fflush(to);
}
