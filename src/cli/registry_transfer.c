// SPDX-License-Identifier: Apache-2.0
/* `symbolon registry offer, accept, approve-transfer, withdraw-transfer, transfers`: both sides sign.  req: R6.3 */
#include "cli/registry_owners.h"

#include "base/text.h"
#include "cli/registry_party.h"
#include "wire/transfer.h"

#include <time.h>

#define TRANSFERS "/v1/transfers"

enum { ANSWER_MAX = 1 << 20, DAYS = 7, SECONDS_A_DAY = 86400 };

static enum cli_status refuse(enum err err)
{
	cli_say("%s", err_detail());
	return err == ERR_UNAVAILABLE ? CLI_UNREACHABLE : CLI_REFUSED;
}

/* The registry of a RegDevID is where its transfer is brought. */
static struct view registry_of(const char *device)
{
	struct view text = view_text(device);

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == ':') {
			return view_of(text.data, i);
		}
	}
	return text;
}

static enum cli_status send(struct cli *cli, struct buf *target, const char *name, struct buf *jws)
{
	BUF_CLEANUP struct buf body = buf_growing(CLI_BODY_MAX);
	struct json_writer w = json_to(&body);

	json_open(&w, NULL);
	json_put_text(&w, name, buf_contents(jws));
	json_close(&w);
	return cli_ask(cli, "POST", buf_string(target), buf_contents(&body));
}

/* The transfer, and what became of it. */
static enum cli_status print_state(struct cli *cli)
{
	JSON_CLEANUP struct json *answer = NULL;
	struct view id, state;

	if (cli->json || json_parse(api_body(cli->api), ANSWER_MAX, &answer) != OK ||
		json_text(answer, "id", &id) != OK || json_text(answer, "state", &state) != OK) {
		cli_print_answer(cli);
		return CLI_DONE;
	}
	(void)printf("%.*s: %.*s\n", (int)id.len, (const char *)id.data, (int)state.len,
		(const char *)state.data);
	return CLI_DONE;
}

static enum err sign_offer(const struct cli_arguments *args, int64_t days, struct buf *jws)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	struct transfer_offer offer = {.issued = (int64_t)time(NULL)};

	offer.expires = offer.issued + days * SECONDS_A_DAY;
	TRY(party_key_read(args->values[OFFER_PARTY_KEY], &key));
	TRY(text_copy(offer.device, sizeof(offer.device), view_text(args->words[0]), "DEVICE"));
	TRY(text_copy(offer.taker, sizeof(offer.taker), view_text(args->values[OFFER_TO]), "--to"));
	return transfer_offer_sign(&offer, registry_of(args->words[0]), key, jws);
}

enum cli_status registry_offer(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf jws = buf_growing(TRANSFER_JWS_MAX),
			       target = buf_growing(CLI_TARGET);
	int64_t days = DAYS;

	if (!args->values[OFFER_PARTY_KEY] || !args->values[OFFER_TO]) {
		cli_say("registry offer needs --party-key and --to");
		return CLI_USAGE;
	}
	if (args->values[OFFER_DAYS] &&
		cli_number("days", args->values[OFFER_DAYS], &days) != CLI_DONE) {
		return CLI_USAGE;
	}
	enum err err = sign_offer(args, days, &jws);

	if (err != OK) {
		return refuse(err);
	}
	buf_text(&target, TRANSFERS);
	enum cli_status status = send(cli, &target, "offer", &jws);

	return status == CLI_DONE ? print_state(cli) : status;
}

static enum err sign_acceptance(const struct cli_arguments *args, struct buf *jws)
{
	JOSE_KEY_CLEANUP struct jose_key *key = NULL;
	struct transfer_offer offer = {.issued = (int64_t)time(NULL)};

	offer.expires = offer.issued + SECONDS_A_DAY / 24;
	TRY(party_key_read(args->values[OWN_PARTY_KEY], &key));
	TRY(text_copy(offer.id, sizeof(offer.id), view_text(args->words[0]), "TRANSFER"));
	TRY(text_copy(offer.device, sizeof(offer.device), view_text(args->words[1]), "DEVICE"));
	return transfer_acceptance_sign(&offer, registry_of(args->words[1]), key, jws);
}

enum cli_status registry_accept(struct cli *cli, const struct cli_arguments *args)
{
	BUF_CLEANUP struct buf jws = buf_growing(TRANSFER_JWS_MAX),
			       target = buf_growing(CLI_TARGET);

	if (!args->values[OWN_PARTY_KEY]) {
		cli_say("registry accept needs --party-key");
		return CLI_USAGE;
	}
	enum err err = sign_acceptance(args, &jws);

	if (err != OK) {
		return refuse(err);
	}
	buf_text(&target, TRANSFERS "/");
	cli_put(&target, args->words[0]);
	buf_text(&target, "/acceptance");
	enum cli_status status = send(cli, &target, "acceptance", &jws);

	return status == CLI_DONE ? print_state(cli) : status;
}

static enum cli_status decide(struct cli *cli, const struct cli_arguments *args, const char *method,
	const char *rest)
{
	BUF_CLEANUP struct buf target = buf_growing(CLI_TARGET);
	struct party_request request = {.method = method};

	buf_text(&target, TRANSFERS "/");
	cli_put(&target, args->words[0]);
	buf_text(&target, rest);
	request.target = buf_string(&target);
	enum cli_status status = party_ask_from(cli, args->values[OWN_PARTY_KEY], &request);

	return status == CLI_DONE ? print_state(cli) : status;
}

enum cli_status registry_approve_transfer(struct cli *cli, const struct cli_arguments *args)
{
	return decide(cli, args, "POST", "/approval");
}

enum cli_status registry_withdraw_transfer(struct cli *cli, const struct cli_arguments *args)
{
	return decide(cli, args, "DELETE", "");
}

enum cli_status registry_transfers(struct cli *cli, const struct cli_arguments *args)
{
	static const struct print_column columns[] = {
		{"TRANSFER", "id"},
		{"DEVICE", "device"},
		{"STATE", "state"},
		{"UNTIL", "until", true},
	};
	const struct cli_page page = {.after = args->values[0], .limit = args->values[1]};

	return cli_list(cli, TRANSFERS, &page, columns, sizeof(columns) / sizeof(columns[0]));
}
