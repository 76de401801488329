/* Makes a packet of subunit's second version. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#define PACKET_MORE 10 /* bytes around the text: signature, flags, length, checksum */
#define PACKET_MAX  (1024 + PACKET_MORE)

/* ret_data may be the place of the text; it takes the text's bytes and PACKET_MORE. Returns how many bytes the packet has. */
static inline size_t packet_make(char *ret_data, unsigned flags, const char *text, size_t bytes)
{
	size_t all = bytes + PACKET_MORE, checked = all - 4;
	uint32_t checksum;

	memmove(ret_data + 6, text, bytes);
	ret_data[0] = (char)0xb3;
	ret_data[1] = (char)(flags >> 8);
	ret_data[2] = (char)flags;
	ret_data[3] = (char)(0x80 | all >> 16);
	ret_data[4] = (char)(all >> 8);
	ret_data[5] = (char)all;
	checksum = (uint32_t)crc32(0, (const Bytef *)ret_data, (uInt)checked);
	for (int i = 0; i < 4; i++)
		ret_data[checked + (size_t)i] = (char)(checksum >> (24 - 8 * i));
	return all;
}
