/* Parses a packet of subunit's second version. A pure function. */
#include "spans/printed_packet.h"

#include <string.h>
#include <zlib.h>

#define SIGNATURE      0xb3
#define VERSION        2
#define PACKET_BYTES   4194303
#define CHECKSUM_BYTES 4

enum packet_flags {
	HAS_ID = 0x0800,
	HAS_ROUTE = 0x0400,
	HAS_TIMESTAMP = 0x0200,
	HAS_TAGS = 0x0080,
	HAS_FILE = 0x0040,
	HAS_MIME_TYPE = 0x0020,
	UNUSED = 0x0008,
	STATUS = 0x0007,
};

struct reader {
	const uint8_t *at;
	size_t left;
	bool has_failed; /* then nothing more is taken */
};

static const uint8_t *take(struct reader *reader, size_t bytes)
{
	const uint8_t *taken = reader->at;

	reader->has_failed |= bytes > reader->left;
	if (reader->has_failed)
		return NULL;
	reader->at += bytes;
	reader->left -= bytes;
	return taken;
}

/* The first two bits say how many bytes follow the first one. */
static size_t take_number(struct reader *reader)
{
	const uint8_t *first = take(reader, 1), *rest;
	size_t more = first ? *first >> 6 : 0, number = first ? *first & 0x3f : 0;

	rest = take(reader, more);
	for (size_t i = 0; rest && i < more; i++)
		number = number << 8 | rest[i];
	return rest ? number : 0;
}

static const char *take_text(struct reader *reader, size_t *ret_length)
{
	const char *text;

	*ret_length = take_number(reader);
	text = (const char *)take(reader, *ret_length);
	reader->has_failed |= text && memchr(text, '\0', *ret_length);
	return text;
}

static void skip_details(struct reader *reader, unsigned flags)
{
	size_t length;

	for (size_t tags = flags & HAS_TAGS ? take_number(reader) : 0; tags && !reader->has_failed;
	     tags--)
		take_text(reader, &length);
	if (flags & HAS_MIME_TYPE)
		take_text(reader, &length);
	if (flags & HAS_FILE) {
		take_text(reader, &length);
		take(reader, take_number(reader));
	}
}

static bool has_checksum(const uint8_t *data, size_t bytes)
{
	const uint8_t *at = data + bytes - CHECKSUM_BYTES;
	uint32_t checksum = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
			    at[3];

	return crc32(0, data, (uInt)(bytes - CHECKSUM_BYTES)) == checksum;
}

/* Takes what is before the timestamp. Returns the flags; 0: this is not a packet about a test. */
static unsigned take_head(struct reader *reader, bool is_begin)
{
	const uint8_t *data = take(reader, 3);
	size_t bytes = 3 + reader->left, length = take_number(reader);
	unsigned flags = data ? (unsigned)data[1] << 8 | data[2] : 0;

	if (!data || reader->has_failed || data[0] != SIGNATURE || flags >> 12 != VERSION ||
	    (flags & UNUSED) || !(flags & HAS_ID) || length > PACKET_BYTES)
		return 0;
	if (is_begin)
		return length > bytes ? flags : 0;
	if (length != bytes || reader->left < CHECKSUM_BYTES || !has_checksum(data, bytes))
		return 0;
	reader->left -= CHECKSUM_BYTES;
	return flags;
}

struct printed_line printed_packet(const void *data, size_t bytes, bool is_begin)
{
	static const struct {
		enum printed_what what;
		enum span_outcome outcome;
	} statuses[STATUS + 1] = {
		[2] = {PRINTED_RUN, SPAN_NO_OUTCOME}, [3] = {PRINTED_END, SPAN_PASSED},
		[4] = {PRINTED_END, SPAN_FAILED}, /* unexpected success */
		[5] = {PRINTED_END, SPAN_SKIPPED},    [6] = {PRINTED_END, SPAN_FAILED},
		[7] = {PRINTED_END, SPAN_SKIPPED}, /* expected failure */
	};
	struct reader reader = {.at = data, .left = bytes};
	unsigned flags = take_head(&reader, is_begin);
	struct printed_line line = {.what = statuses[flags & STATUS].what,
				    .outcome = statuses[flags & STATUS].outcome};

	if (flags & HAS_TIMESTAMP) {
		take(&reader, 4);
		take_number(&reader);
	}
	line.name = take_text(&reader, &line.length);
	if (flags & HAS_ROUTE) {
		skip_details(&reader, flags);
		line.flow = take_text(&reader, &line.flow_length);
	}
	return line.what && !reader.has_failed ? line : (struct printed_line){0};
}
