/* Encodings of XML that expat does not know: by iconv, and by names that other parsers accept */
#include "report/xml_encoding.h"

#include <ctype.h>
#include <endian.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

#define CHARACTER_BYTES_MAX 4

/* The one character that these bytes encode; -1: none, several, or too few bytes */
static int convert(iconv_t conversion, const char *bytes, size_t size)
{
	uint32_t characters[2];
	char *in = (char *)bytes, *out = (char *)characters;
	size_t left = size, room = sizeof(characters);

	iconv(conversion, NULL, NULL, NULL, NULL);
	if (iconv(conversion, &in, &left, &out, &room) != 0 || left ||
	    room != sizeof(characters) - sizeof(*characters))
		return -1;
	/* expat accepts no more bytes for a character of such an encoding. */
	return le32toh(characters[0]) <= 0xffff ? (int)le32toh(characters[0]) : -1;
}

static int convert_several(void *conversion, const char *bytes)
{
	for (size_t size = 2; size <= CHARACTER_BYTES_MAX; size++) {
		int c = convert(conversion, bytes, size);

		if (c >= 0)
			return c;
	}
	return -1;
}

/* The number of bytes of a character that begins with this byte; 0: none begins so */
static int length_after(iconv_t conversion, unsigned char first)
{
	char bytes[CHARACTER_BYTES_MAX] = {(char)first};

	for (unsigned second = 0x30; second < 0x100; second++) {
		bytes[1] = (char)second;
		if (convert(conversion, bytes, 2) >= 0)
			return 2;
		for (unsigned third = 0xa1; third < 0x100 && second >= 0xa1; third += 0x10) {
			bytes[2] = (char)third;
			if (convert(conversion, bytes, 3) >= 0)
				return 3;
		}
	}
	return 0;
}

static void release(void *conversion)
{
	iconv_close(conversion);
}

/* gcc 12 takes the error value of iconv_open(), -1, for a handle that must be closed. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

int xml_encoding_handle(void *unused, const XML_Char *name, XML_Encoding *ret)
{
	/* Shift states: the meaning of a byte depends on the bytes before it. */
	bool has_states = !strncasecmp(name, "ISO-2022", 8) || !strncasecmp(name, "UTF-", 4);
	iconv_t conversion;

	(void)unused;
	if (has_states)
		return XML_STATUS_ERROR;
	conversion = iconv_open("UTF-32LE", name);
	if (conversion == (iconv_t)-1)
		return XML_STATUS_ERROR;
	for (unsigned i = 0; i < ARRAY_SIZE(ret->map); i++) {
		char byte = (char)i;
		int length;

		ret->map[i] = convert(conversion, &byte, 1);
		if (ret->map[i] >= 0 || i < 0x80)
			continue;
		length = length_after(conversion, (unsigned char)i);
		ret->map[i] = length ? -length : -1;
	}
	ret->convert = convert_several;
	ret->data = conversion;
	ret->release = release;
	return XML_STATUS_OK;
}

const char *xml_encoding_known_as(const char *name)
{
	static const char *const known[] = {"UTF-8", "UTF-16", "US-ASCII", "ISO-8859-1"};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const char *one = name, *other = known[i];

		/* Skip what separates the parts of a name. */
		for (; *one || *other; one++, other++) {
			one += strspn(one, "-_. ");
			other += strspn(other, "-_");
			if (toupper((unsigned char)*one) != *other || !*other)
				break;
		}
		if (!*one && !*other)
			return known[i];
	}
	return NULL;
}
