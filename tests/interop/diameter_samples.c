// SPDX-License-Identifier: Apache-2.0
/*
 * diameter_samples: one message of each kind that Symbolon sends, made by its own encoder. Written as a
 * capture for other people's dissectors, or each into a file of its own.
 *
 *	diameter_samples --pcap FILE		diameter_samples --files DIRECTORY
 */
#include "wire/diameter.h"
#include "wire/rp_messages.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const uint8_t address[] = {0, 1, 127, 0, 0, 1};
static const uint8_t bytes32[32] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99,
	0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
static const uint8_t naf_id[] = "app.example\x01\x00\x00\x00\x07";

#define TEXT(literal)                                                                              \
	{                                                                                          \
		(const uint8_t *)(literal), sizeof(literal) - 1                                    \
	}
#define REQUEST_OF(from, to)                                                                       \
	{                                                                                          \
		.session_id = TEXT(from ".realm.example;1767225600;1"),                            \
		.origin_host = TEXT(from ".realm.example"), .origin_realm = TEXT("realm.example"), \
		.destination_host = TEXT(to ".realm.example"),                                     \
		.destination_realm = TEXT("realm.example"), .auth_session_state = 1                \
	}
#define ANSWER_OF(from, to)                                                                        \
	{                                                                                          \
		.session_id = TEXT(to ".realm.example;1767225600;1"),                              \
		.origin_host = TEXT(from ".realm.example"), .origin_realm = TEXT("realm.example"), \
		.auth_session_state = 1, .has_result = true, .result = DIAMETER_SUCCESS            \
	}

static const struct diameter_capabilities capabilities = {
	.origin_host = TEXT("authn1.realm.example"),
	.origin_realm = TEXT("realm.example"),
	.host_address = {address, sizeof(address)},
	.product_name = TEXT("Symbolon"),
	.has_state_id = true,
	.origin_state_id = 1767225600,
	.supported_vendors = {VENDOR_3GPP},
	.supported_vendor_count = 1,
	.auth_applications = {DIAMETER_NASREQ, DIAMETER_ZH, DIAMETER_ZN},
	.auth_application_count = 3,
	.vendor_applications = {{.vendor_id = VENDOR_3GPP, .has_auth = true, .auth = DIAMETER_ZH},
		{.vendor_id = VENDOR_3GPP, .has_auth = true, .auth = DIAMETER_ZN}},
	.vendor_application_count = 2,
};
static const struct diameter_capabilities capabilities_answer = {
	.has_result = true,
	.result = DIAMETER_SUCCESS,
	.origin_host = TEXT("authz1.realm.example"),
	.origin_realm = TEXT("realm.example"),
	.host_address = {address, sizeof(address)},
	.product_name = TEXT("Symbolon"),
	.auth_applications = {DIAMETER_NASREQ, DIAMETER_ZH},
	.auth_application_count = 2,
};
static const struct diameter_watchdog watchdog = {
	.origin_host = TEXT("authn1.realm.example"),
	.origin_realm = TEXT("realm.example"),
	.has_state_id = true,
	.origin_state_id = 1767225600,
};
static const struct diameter_watchdog watchdog_answer = {
	.has_result = true,
	.result = DIAMETER_SUCCESS,
	.origin_host = TEXT("authz1.realm.example"),
	.origin_realm = TEXT("realm.example"),
};
static const struct diameter_watchdog disconnect = {
	.origin_host = TEXT("authn1.realm.example"),
	.origin_realm = TEXT("realm.example"),
	.has_cause = true,
};
static const struct rp_mar mar = {
	.s = REQUEST_OF("authn1", "authz1"),
	.user_name = TEXT("001010123456789@realm.example"),
	.has_item = true,
	.item = {.scheme = TEXT("Digest-AKAv1-MD5"), .authorization = {bytes32, 30}},
	.has_item_count = true,
	.item_count = 1,
	.has_guss_timestamp = true,
	.guss_timestamp = 1767225600,
};
static const struct rp_maa maa = {
	.s = ANSWER_OF("authz1", "authn1"),
	.user_name = TEXT("001010123456789@realm.example"),
	.has_item = true,
	.item = {.scheme = TEXT("Digest-AKAv1-MD5"),
		.authenticate = {bytes32, 32},
		.authorization = {bytes32, 8},
		.confidentiality_key = {bytes32, 16},
		.integrity_key = {bytes32, 16}},
	.guss = TEXT("<guss id=\"001010123456789@realm.example\"/>"),
};
static const struct rp_maa maa_unknown = {
	.s = {.session_id = TEXT("authn1.realm.example;1767225600;1"),
		.origin_host = TEXT("authz1.realm.example"),
		.origin_realm = TEXT("realm.example"),
		.auth_session_state = 1,
		.has_experimental = true,
		.experimental = DIAMETER_IDENTITY_UNKNOWN},
};
static const struct rp_aar aar = {
	.s = {.session_id = TEXT("authn1.realm.example;1767225600;2"),
		.origin_host = TEXT("authn1.realm.example"),
		.origin_realm = TEXT("realm.example"),
		.destination_realm = TEXT("realm.example")},
	.auth_application = DIAMETER_NASREQ,
	.request_type = 2,
	.user_name = TEXT("001010123456789@realm.example"),
	.naf_id = {naf_id, sizeof(naf_id) - 1},
	.nas_identifier = TEXT("element1.asp.example"),
};
static const struct rp_aaa aaa = {
	.s = ANSWER_OF("authz1", "authn1"),
	.auth_application = DIAMETER_NASREQ,
	.request_type = 2,
	.has_authorization_lifetime = true,
	.authorization_lifetime = 3600,
};
static const struct rp_bir bir = {
	.s = REQUEST_OF("element1", "authn1"),
	.transaction_id = TEXT("ABEiM0RVZneImaq7zN3u/w==@authn1.realm.example"),
	.naf_id = {naf_id, sizeof(naf_id) - 1},
	.service_ids = {1, 65536},
	.service_id_count = 2,
	.has_private_identity_request = true,
	.private_identity_request = 1,
};
static const struct rp_bia bia = {
	.s = ANSWER_OF("authn1", "element1"),
	.user_name = TEXT("001010123456789@realm.example"),
	.key_material = {bytes32, 32},
	.has_expiry = true,
	.expiry = 1767229200,
	.has_creation = true,
	.creation = 1767225600,
	.guss = TEXT("<guss id=\"pseudonym\"/>"),
};

#define R DIAMETER_REQUEST
#define P DIAMETER_PROXIABLE

static const struct sample {
	const char *name;
	uint8_t flags;
	uint32_t command, application;
	const struct avp_row *rows;
	const void *in;
} samples[] = {
	/* clang-format off */
	{"cer", R,	DIAMETER_CER, DIAMETER_BASE,   diameter_capabilities_rows, &capabilities},
	{"cea", 0,	DIAMETER_CER, DIAMETER_BASE,   diameter_capabilities_rows, &capabilities_answer},
	{"dwr", R,	DIAMETER_DWR, DIAMETER_BASE,   diameter_watchdog_rows,	  &watchdog},
	{"dwa", 0,	DIAMETER_DWR, DIAMETER_BASE,   diameter_watchdog_rows,	  &watchdog_answer},
	{"mar", R | P,	DIAMETER_MAR, DIAMETER_ZH,     rp_mar_rows,		  &mar},
	{"maa", P,	DIAMETER_MAR, DIAMETER_ZH,     rp_maa_rows,		  &maa},
	{"aar", R | P,	DIAMETER_AAR, DIAMETER_NASREQ, rp_aar_rows,		  &aar},
	{"aaa", P,	DIAMETER_AAR, DIAMETER_NASREQ, rp_aaa_rows,		  &aaa},
	{"bir", R | P,	DIAMETER_BIR, DIAMETER_ZN,     rp_bir_rows,		  &bir},
	{"bia", P,	DIAMETER_BIR, DIAMETER_ZN,     rp_bia_rows,		  &bia},
	{"dpr", R,	DIAMETER_DPR, DIAMETER_BASE,   diameter_watchdog_rows,	  &disconnect},
	{"dpa", 0,	DIAMETER_DPR, DIAMETER_BASE,   diameter_watchdog_rows,	  &watchdog_answer},
	{"maa-unknown", P, DIAMETER_MAR, DIAMETER_ZH,  rp_maa_rows,		  &maa_unknown},
	/* clang-format on */
};
enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

/* The last message is an error, which is made from the request that it answers. */
static void encode(size_t i, struct buf *out)
{
	BUF_CLEANUP struct buf request = buf_growing(DIAMETER_MAX);
	const struct sample *s = &samples[i < SAMPLES ? i : 4];
	struct diameter_header header = {.flags = s->flags,
		.command = s->command,
		.application = s->application,
		.hop_by_hop = (uint32_t)i / 2 + 1,
		.end_to_end = (uint32_t)i / 2 + 1};
	struct diameter_fault fault = {.result = DIAMETER_MISSING_AVP,
		.example = {.code = 277, .flags = AVP_MANDATORY, .type = AVP_U32}};

	if (i < SAMPLES) {
		diameter_encode(out, &header, s->rows, s->in);
		return;
	}
	diameter_encode(&request, &header, s->rows, s->in);
	diameter_encode_error(out, buf_contents(&request), &fault,
		view_text("authz1.realm.example"), view_text("realm.example"), "what is missing");
}

static void put_le32(struct buf *out, uint32_t value)
{
	buf_bytes(out,
		&(const uint8_t[]){(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
			(uint8_t)(value >> 24)},
		4);
}

/* The message in a segment of a TCP connection between 127.0.0.1:40000 and 127.0.0.2:3868. */
static void put_packet(struct buf *out, struct view message, bool back, uint32_t at, uint32_t ack)
{
	uint32_t len = 40 + (uint32_t)message.len;

	put_le32(out, 1767225600);
	put_le32(out, 0);
	put_le32(out, len);
	put_le32(out, len);
	buf_u32(out, 0x45000000 | len);
	buf_u32(out, 0);
	buf_u32(out, 0x40060000);
	buf_u32(out, back ? 0x7f000002 : 0x7f000001);
	buf_u32(out, back ? 0x7f000001 : 0x7f000002);
	buf_u16(out, back ? 3868 : 40000);
	buf_u16(out, back ? 40000 : 3868);
	buf_u32(out, at);
	buf_u32(out, ack);
	buf_u32(out, 0x50180000 | 65535);
	buf_u32(out, 0);
	buf_view(out, message);
}

static int write_file(const char *path, const struct buf *contents)
{
	FILE *file = fopen(path, "wb");

	if (!file || contents->failed ||
		fwrite(contents->data, 1, contents->len, file) != contents->len ||
		fclose(file) != 0) {
		perror(path);
		return 1;
	}
	return 0;
}

static int write_pcap(const char *path)
{
	BUF_CLEANUP struct buf out = buf_growing(1 << 20);
	uint32_t sent[2] = {1, 1};

	put_le32(&out, 0xa1b2c3d4);
	put_le32(&out, 2 | 4 << 16);
	put_le32(&out, 0);
	put_le32(&out, 0);
	put_le32(&out, 65535);
	put_le32(&out, 101); /* LINKTYPE_RAW */
	for (size_t i = 0; i <= SAMPLES; i++) {
		BUF_CLEANUP struct buf message = buf_growing(DIAMETER_MAX);

		encode(i, &message);
		bool back = !(message.data[4] & DIAMETER_REQUEST);

		put_packet(&out, buf_contents(&message), back, sent[back], sent[!back]);
		sent[back] += (uint32_t)message.len;
	}
	return write_file(path, &out);
}

static int write_files(const char *directory)
{
	int failed = 0;

	for (size_t i = 0; i <= SAMPLES; i++) {
		BUF_CLEANUP struct buf message = buf_growing(DIAMETER_MAX);
		char path[1024];

		encode(i, &message);
		(void)snprintf(path, sizeof(path), "%s/%s", directory,
			i < SAMPLES ? samples[i].name : "error");
		failed |= write_file(path, &message);
	}
	return failed;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--pcap") == 0) {
		return write_pcap(argv[2]);
	}
	if (argc == 3 && strcmp(argv[1], "--files") == 0) {
		return write_files(argv[2]);
	}
	(void)fprintf(stderr, "usage: diameter_samples --pcap FILE | --files DIRECTORY\n");
	return 2;
}
