// SPDX-License-Identifier: Apache-2.0
#include "wire/diameter_avps.h"

#include "base/text.h"
#include <string.h>

enum { VERSION = 1, AVP_HEADER = 8, AVP_VENDOR_HEADER = 12, AVP_LENGTH_AT = 5, IDENTITY_MAX = 255 };
/* A longer AVP is not sent back whole in Failed-AVP. */
enum { FAILED_AVP_MAX = 1024 };
/* Time counts from 1900 in 32 bits; values below 2^31 are of the era that begins in 2036 (RFC 6733 4.3.1). */
#define TIME_OFFSET INT64_C(2208988800)
#define TIME_ERA    (INT64_C(1) << 32)
#define TIME_FIRST  (INT64_C(0x80000000) - TIME_OFFSET)
#define TIME_LAST   (TIME_FIRST + TIME_ERA - 1)

/* An AVP as it stands in a message. */
struct wire_avp {
	uint32_t code, vendor;
	uint8_t flags;
	struct view value, whole;
};

struct decoding {
	struct diameter_fault *fault;
	size_t avps;	 /* met so far */
	bool generous;	 /* unknown and surplus AVPs are skipped */
	uint32_t result; /* Result-Code, once it was met */
};

static enum err decode_level(struct decoding *d, struct view avps, const struct avp_row *rows,
	void *to, uint64_t *ret_seen);
static void encode_level(struct buf *out, const struct avp_row *rows, const void *from);

/* The header. */

enum err diameter_length(struct view begin, size_t *ret_length)
{
	struct reader r = reader_of(begin);

	if (begin.len < 4) {
		*ret_length = 0;
		return OK;
	}
	uint8_t version = reader_u8(&r);
	uint32_t length = reader_u24(&r);

	if (version != VERSION) {
		return err_fail(ERR_SYNTAX, "RFC 6733 3: Diameter version %u", version);
	}
	if (length < DIAMETER_HEADER || length > DIAMETER_MAX || length % 4 != 0) {
		return err_fail(ERR_SYNTAX, "RFC 6733 3: message length %u", length);
	}
	*ret_length = length;
	return OK;
}

enum err diameter_parse_header(struct view message, struct diameter_header *ret)
{
	struct reader r = reader_of(message);
	size_t length;

	TRY(diameter_length(message, &length));
	if (length == 0 || length != message.len) {
		return err_fail(ERR_SYNTAX, "RFC 6733 3: message of %zu bytes says %zu",
			message.len, length);
	}
	reader_skip(&r, 4);
	struct diameter_header h = {.length = (uint32_t)length, .flags = reader_u8(&r)};

	h.command = reader_u24(&r);
	h.application = reader_u32(&r);
	h.hop_by_hop = reader_u32(&r);
	h.end_to_end = reader_u32(&r);
	*ret = h;
	return OK;
}

/* Decoding. */

/* Notes the fault for the answer; the sentence is said by the caller. */
static void blame(struct decoding *d, enum diameter_result result, const struct wire_avp *avp)
{
	d->fault->result = result;
	if (avp->whole.len > 0 && avp->whole.len <= FAILED_AVP_MAX) {
		d->fault->failed_avp = avp->whole;
		return;
	}
	const struct avp *known = diameter_find_avp(avp->code, avp->vendor);

	d->fault->example = (struct avp){.code = avp->code,
		.vendor = avp->vendor,
		.flags = avp->flags & (AVP_VENDOR | AVP_MANDATORY),
		.type = known ? known->type : AVP_OCTETS};
}

static enum err next_avp(struct decoding *d, struct reader *r, struct wire_avp *ret)
{
	const uint8_t *begin = r->at;
	struct wire_avp avp = {.code = reader_u32(r)};
	uint32_t word = reader_u32(r);
	uint32_t length = word & 0xffffff;

	avp.flags = (uint8_t)(word >> 24);
	uint32_t header = avp.flags & AVP_VENDOR ? AVP_VENDOR_HEADER : AVP_HEADER;

	avp.vendor = avp.flags & AVP_VENDOR ? reader_u32(r) : 0;
	if (r->failed) {
		d->fault->result = DIAMETER_INVALID_MESSAGE_LENGTH;
		return err_fail(ERR_SYNTAX, "RFC 6733 4.1: AVP header cut off");
	}
	if (length < header || length - header > reader_left(r)) {
		blame(d, DIAMETER_INVALID_AVP_LENGTH, &avp);
		return err_fail(ERR_SYNTAX, "RFC 6733 4.1: AVP %u: length %u", avp.code, length);
	}
	if (++d->avps > DIAMETER_AVPS_MAX) {
		d->fault->result = DIAMETER_UNABLE_TO_COMPLY;
		return err_fail(ERR_SYNTAX, "more than %d AVPs", DIAMETER_AVPS_MAX);
	}
	avp.value = reader_bytes(r, length - header);
	/* Some peers leave out the padding of the last AVP in a group. */
	size_t padding = -length % 4;
	size_t left = reader_left(r);

	reader_skip(r, padding < left ? padding : left);
	avp.whole = view_of(begin, (size_t)(r->at - begin));
	*ret = avp;
	return OK;
}

/* Messages mostly keep the order of their rows, so the search begins behind the last one found. */
static const struct avp_row *find_row(const struct avp_row *rows, const struct wire_avp *avp,
	const struct avp_row **hint)
{
	const struct avp_row *row = *hint;

	do {
		if (!row->avp) {
			row = rows;
			continue;
		}
		if (row->avp->code == avp->code && row->avp->vendor == avp->vendor) {
			*hint = row->arity == AVP_MANY ? row : row + 1;
			return row;
		}
		row++;
	} while (row != *hint);
	return NULL;
}

/* RFC 6733 4.1: an AVP with the M bit that is not understood makes the message void. */
static enum err skip_unknown(struct decoding *d, const struct wire_avp *avp)
{
	if (d->generous || !(avp->flags & AVP_MANDATORY) ||
		diameter_find_avp(avp->code, avp->vendor)) {
		return OK;
	}
	blame(d, DIAMETER_AVP_UNSUPPORTED, avp);
	return err_fail(ERR_SYNTAX, "RFC 6733 4.1: AVP %u of vendor %u is mandatory and unknown",
		avp->code, avp->vendor);
}

static bool is_identity(struct view v)
{
	if (v.len == 0 || v.len > IDENTITY_MAX) {
		return false;
	}
	for (size_t i = 0; i < v.len; i++) {
		uint8_t c = v.data[i];
		bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

		if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_') {
			return false;
		}
	}
	return true;
}

/* How long a value of this type is at least, and whether it is exactly that. */
static size_t least_length(enum avp_type type)
{
	switch (type) {
	case AVP_U32:
	case AVP_ENUM:
	case AVP_TIME:
		return 4;
	case AVP_U64:
		return 8;
	case AVP_ADDRESS:
		return 6;
	case AVP_OCTETS:
	case AVP_UTF8:
	case AVP_IDENTITY:
	case AVP_GROUP:
		break;
	}
	return 0;
}

static bool has_valid_length(enum avp_type type, struct view value)
{
	size_t least = least_length(type);

	return type == AVP_ADDRESS ? value.len >= least : least == 0 || value.len == least;
}

static enum err check_value(struct decoding *d, const struct avp *avp, const struct wire_avp *in)
{
	if (!has_valid_length(avp->type, in->value)) {
		blame(d, DIAMETER_INVALID_AVP_LENGTH, in);
		return err_fail(ERR_SYNTAX, "RFC 6733 4.2: %s of %zu bytes", avp->name,
			in->value.len);
	}
	if ((avp->type == AVP_IDENTITY && !is_identity(in->value)) ||
		(avp->type == AVP_UTF8 && !text_is_utf8(in->value))) {
		blame(d, DIAMETER_INVALID_AVP_VALUE, in);
		return err_fail(ERR_SYNTAX, "RFC 6733 4.3: %s is not a valid text", avp->name);
	}
	return OK;
}

static uint32_t number_of(struct view value)
{
	struct reader r = reader_of(value);

	return reader_u32(&r);
}

static int64_t time_of(struct view value)
{
	int64_t seconds = number_of(value);

	return seconds - TIME_OFFSET + (seconds & 0x80000000 ? 0 : TIME_ERA);
}

static enum err check_missing(struct decoding *d, const struct avp_row *rows, uint64_t seen)
{
	for (const struct avp_row *row = rows; row->avp; row++) {
		if (row->arity != AVP_ONE || seen & UINT64_C(1) << (row - rows)) {
			continue;
		}
		d->fault->result = DIAMETER_MISSING_AVP;
		d->fault->example = *row->avp;
		return err_fail(ERR_SYNTAX, "RFC 6733 7.1.5: %s is missing", row->avp->name);
	}
	return OK;
}

static enum err store_group(struct decoding *d, const struct avp_row *row,
	const struct wire_avp *avp, void *field)
{
	uint64_t seen;

	TRY(decode_level(d, avp->value, row->group, field, &seen));
	return check_missing(d, row->group, seen);
}

static enum err store(struct decoding *d, const struct avp_row *row, const struct wire_avp *avp,
	void *field)
{
	struct reader r = reader_of(avp->value);

	switch (row->avp->type) {
	case AVP_U32:
	case AVP_ENUM:
		*(uint32_t *)field = reader_u32(&r);
		return OK;
	case AVP_U64:
		*(uint64_t *)field = reader_u64(&r);
		return OK;
	case AVP_TIME:
		*(int64_t *)field = time_of(avp->value);
		return OK;
	case AVP_GROUP:
		if (row->group) {
			return store_group(d, row, avp, field);
		}
		*(struct view *)field = avp->whole;
		return OK;
	case AVP_OCTETS:
	case AVP_UTF8:
	case AVP_IDENTITY:
	case AVP_ADDRESS:
		*(struct view *)field = avp->value;
		return OK;
	}
	return OK;
}

/* Whether the field is a struct view, and so says itself whether it is there. */
static bool is_view(const struct avp_row *row)
{
	enum avp_type type = row->avp->type;

	return type == AVP_OCTETS || type == AVP_UTF8 || type == AVP_IDENTITY ||
	       type == AVP_ADDRESS || (type == AVP_GROUP && !row->group);
}

static enum err check_fixed(struct decoding *d, const struct avp_row *row,
	const struct wire_avp *avp)
{
	uint64_t seen;

	if (row->group) {
		return decode_level(d, avp->value, row->group, NULL, &seen);
	}
	if (number_of(avp->value) == row->max) {
		return OK;
	}
	blame(d, DIAMETER_INVALID_AVP_VALUE, avp);
	return err_fail(ERR_SYNTAX, "%s is %u, not %zu", row->avp->name, number_of(avp->value),
		row->max);
}

static enum err refuse_surplus(struct decoding *d, const struct avp_row *row,
	const struct wire_avp *avp)
{
	blame(d, DIAMETER_AVP_OCCURS_TOO_MANY_TIMES, avp);
	return err_fail(ERR_SYNTAX, "RFC 6733 7.1.5: %s occurs too many times", row->avp->name);
}

static enum err take_avp(struct decoding *d, const struct avp_row *row, const struct wire_avp *avp,
	bool repeated, void *to)
{
	char *base = to;

	switch (row->arity) {
	case AVP_FIXED:
		return check_fixed(d, row, avp);
	case AVP_FIRST:
		return repeated ? OK : store(d, row, avp, base + row->offset);
	case AVP_MANY: {
		size_t *count = (size_t *)(void *)(base + row->present);

		if (*count == row->max) {
			return d->generous ? OK : refuse_surplus(d, row, avp);
		}
		return store(d, row, avp, base + row->offset + row->stride * (*count)++);
	}
	case AVP_ONE:
	case AVP_OPTIONAL:
		break;
	}
	if (repeated) {
		return refuse_surplus(d, row, avp);
	}
	if (row->arity == AVP_OPTIONAL && !is_view(row)) {
		*(bool *)(base + row->present) = true;
	}
	return store(d, row, avp, base + row->offset);
}

/* Nesting is as deep as the tables are: a group that no row describes is not entered. */
static enum err decode_level(struct decoding *d, struct view avps, const struct avp_row *rows,
	void *to, uint64_t *ret_seen)
{
	struct reader r = reader_of(avps);
	const struct avp_row *hint = rows;
	uint64_t seen = 0;

	while (reader_left(&r) > 0) {
		struct wire_avp avp;

		TRY(next_avp(d, &r, &avp));
		const struct avp_row *row = find_row(rows, &avp, &hint);

		if (!row) {
			TRY(skip_unknown(d, &avp));
			continue;
		}
		TRY(check_value(d, row->avp, &avp));
		if (row->avp == &diameter_avps[AVP_AT_RESULT_CODE]) {
			d->result = number_of(avp.value);
		}
		uint64_t bit = UINT64_C(1) << (row - rows);

		TRY(take_avp(d, row, &avp, seen & bit, to));
		seen |= bit;
	}
	*ret_seen = seen;
	return OK;
}

static size_t size_of(const struct avp_row *rows)
{
	while (rows->avp) {
		rows++;
	}
	return rows->stride;
}

static struct view avps_of(struct view message)
{
	return view_of(message.data + DIAMETER_HEADER, message.len - DIAMETER_HEADER);
}

enum err diameter_decode(struct view message, const struct avp_row *rows, void *ret,
	struct diameter_fault *ret_fault)
{
	struct decoding d = {.fault = ret_fault};
	struct diameter_header header;
	uint64_t seen;

	*ret_fault = (struct diameter_fault){.result = DIAMETER_INVALID_MESSAGE_LENGTH};
	memset(ret, 0, size_of(rows));
	TRY(diameter_parse_header(message, &header));
	d.generous = header.application == DIAMETER_BASE;
	TRY(decode_level(&d, avps_of(message), rows, ret, &seen));
	/* An answer that refuses may carry little more than its result (RFC 6733 7.2). */
	if (header.flags & DIAMETER_REQUEST || (d.result >= 2000 && d.result < 3000)) {
		TRY(check_missing(&d, rows, seen));
	}
	return OK;
}

enum err diameter_decode_base(struct view message, struct diameter_base *ret,
	struct diameter_fault *ret_fault)
{
	struct decoding d = {.fault = ret_fault, .generous = true};
	struct diameter_header header;
	uint64_t seen;

	*ret_fault = (struct diameter_fault){.result = DIAMETER_INVALID_MESSAGE_LENGTH};
	memset(ret, 0, sizeof(*ret));
	TRY(diameter_parse_header(message, &header));
	return decode_level(&d, avps_of(message), diameter_base_rows, ret, &seen);
}

/* Encoding. */

static void put_header(struct buf *out, const struct avp *avp, size_t value_len)
{
	bool vendor = avp->flags & AVP_VENDOR;
	size_t len = value_len + (vendor ? AVP_VENDOR_HEADER : AVP_HEADER);

	if (len > DIAMETER_MAX) {
		out->failed = true;
		return;
	}
	buf_u32(out, avp->code);
	buf_u32(out, (uint32_t)avp->flags << 24 | (uint32_t)len);
	if (vendor) {
		buf_u32(out, avp->vendor);
	}
}

static void put_avp(struct buf *out, const struct avp *avp, struct view value)
{
	put_header(out, avp, value.len);
	buf_view(out, value);
	buf_zeros(out, -value.len % 4);
}

/* A group's header, and where it stands, for end_group(): its length is known only then. */
static size_t begin_group(struct buf *out, const struct avp *avp)
{
	size_t at = out->len;

	put_header(out, avp, 0);
	return at;
}

static void end_group(struct buf *out, size_t at)
{
	if (out->failed || out->len - at > DIAMETER_MAX) {
		out->failed = true;
		return;
	}
	buf_patch_u24(out, at + AVP_LENGTH_AT, (uint32_t)(out->len - at));
}

static uint32_t time_on_wire(int64_t seconds)
{
	if (seconds < TIME_FIRST) {
		return 0x80000000;
	}
	return (uint32_t)((seconds > TIME_LAST ? TIME_LAST : seconds) + TIME_OFFSET);
}

static void put_number(struct buf *out, const struct avp *avp, const void *field)
{
	switch (avp->type) {
	case AVP_U64:
		put_header(out, avp, 8);
		buf_u64(out, *(const uint64_t *)field);
		return;
	case AVP_TIME:
		put_header(out, avp, 4);
		buf_u32(out, time_on_wire(*(const int64_t *)field));
		return;
	default:
		put_header(out, avp, 4);
		buf_u32(out, *(const uint32_t *)field);
	}
}

static void encode_field(struct buf *out, const struct avp_row *row, const void *field)
{
	if (row->group) {
		size_t at = begin_group(out, row->avp);

		encode_level(out, row->group, field);
		end_group(out, at);
		return;
	}
	if (!is_view(row)) {
		put_number(out, row->avp, field);
		return;
	}
	const struct view *value = field;

	if (!value->data) {
		return;
	}
	if (row->avp->type == AVP_GROUP) {
		buf_view(out, *value);
		return;
	}
	put_avp(out, row->avp, *value);
}

static void encode_fixed(struct buf *out, const struct avp_row *row)
{
	const uint32_t value = (uint32_t)row->max;

	encode_field(out, row, row->group ? NULL : &value);
}

static void encode_row(struct buf *out, const struct avp_row *row, const void *from)
{
	const char *base = from;

	switch (row->arity) {
	case AVP_FIXED:
		encode_fixed(out, row);
		return;
	case AVP_MANY: {
		size_t count = *(const size_t *)(const void *)(base + row->present);

		for (size_t i = 0; i < count && i < row->max; i++) {
			encode_field(out, row, base + row->offset + i * row->stride);
		}
		return;
	}
	case AVP_OPTIONAL:
		if (!is_view(row) && !*(const bool *)(base + row->present)) {
			return;
		}
		break;
	case AVP_ONE:
	case AVP_FIRST:
		break;
	}
	encode_field(out, row, base + row->offset);
}

static void encode_level(struct buf *out, const struct avp_row *rows, const void *from)
{
	for (const struct avp_row *row = rows; row->avp; row++) {
		encode_row(out, row, from);
	}
}

/* What was appended since `at` is one message: its length goes into the header. */
static void end_message(struct buf *out, size_t at)
{
	if (out->failed || out->len - at > DIAMETER_MAX) {
		out->failed = true;
		return;
	}
	buf_patch_u24(out, at + 1, (uint32_t)(out->len - at));
}

void diameter_encode(struct buf *out, const struct diameter_header *header,
	const struct avp_row *rows, const void *in)
{
	size_t at = out->len;

	buf_u32(out, (uint32_t)VERSION << 24);
	buf_u32(out, (uint32_t)header->flags << 24 | header->command);
	buf_u32(out, header->application);
	buf_u32(out, header->hop_by_hop);
	buf_u32(out, header->end_to_end);
	encode_level(out, rows, in);
	end_message(out, at);
}

/* Answers. */

static struct diameter_header answer_header(const struct diameter_header *request, uint8_t flags)
{
	struct diameter_header header = *request;

	header.flags = (request->flags & DIAMETER_PROXIABLE) | flags;
	return header;
}

void diameter_encode_answer(struct buf *out, const struct diameter_header *request,
	const struct diameter_base *base, const struct avp_row *rows, const void *in)
{
	struct diameter_header header = answer_header(request, 0);
	size_t at = out->len;

	diameter_encode(out, &header, rows, in);
	for (size_t i = 0; i < base->proxy_info_count; i++) {
		buf_view(out, base->proxy_info[i]);
	}
	end_message(out, at);
}

static void encode_failed_avp(struct buf *out, const struct diameter_fault *fault)
{
	if (fault->failed_avp.len == 0 && fault->example.code == 0) {
		return;
	}
	size_t group = begin_group(out, &diameter_avps[AVP_AT_FAILED_AVP]);

	if (fault->failed_avp.len > 0) {
		buf_view(out, fault->failed_avp);
		buf_zeros(out, -fault->failed_avp.len % 4);
	} else {
		static const uint8_t zeros[8];

		put_avp(out, &fault->example, view_of(zeros, least_length(fault->example.type)));
	}
	end_group(out, group);
}

void diameter_encode_error(struct buf *out, struct view request, const struct diameter_fault *fault,
	struct view origin_host, struct view origin_realm, const char *error_message)
{
	struct diameter_base base;
	struct diameter_fault ignored;
	struct diameter_header header;

	if (diameter_parse_header(request, &header) != OK) {
		return;
	}
	/* What stands before the fault is used, the rest is left. */
	(void)!diameter_decode_base(request, &base, &ignored);
	bool experimental = fault->result >= DIAMETER_IDENTITY_UNKNOWN &&
			    fault->result <= DIAMETER_TRANSACTION_IDENTIFIER_INVALID;
	struct diameter_base answer = {.session_id = base.session_id,
		.origin_host = origin_host,
		.origin_realm = origin_realm,
		.has_result = !experimental,
		.result = fault->result,
		.has_experimental = experimental,
		.experimental = fault->result,
		.error_message = view_text(error_message)};
	bool protocol_error = fault->result >= 3000 && fault->result < 4000;
	size_t at = out->len;

	header = answer_header(&header, protocol_error ? DIAMETER_ERROR : 0);
	diameter_encode(out, &header, diameter_base_rows, &answer);
	encode_failed_avp(out, fault);
	for (size_t i = 0; i < base.proxy_info_count; i++) {
		buf_view(out, base.proxy_info[i]);
	}
	end_message(out, at);
}
