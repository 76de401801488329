/* Encodings of XML that expat does not know: by iconv, and by names that other parsers accept */
#pragma once

#include <expat.h>

/*
 * For XML_SetUnknownEncodingHandler(): single bytes, or up to four bytes where the first byte tells
 * how many
 */
int xml_encoding_handle(void *unused, const XML_Char *name, XML_Encoding *ret);

/*
 * The name that expat knows for "utf8" and similar names, for XML_ParserCreate(); NULL: another
 * encoding
 */
const char *xml_encoding_known_as(const char *name);
