/* Encodings of XML that expat does not know itself: by iconv, and by names that others accept */
#pragma once

#include <expat.h>

/* For XML_SetUnknownEncodingHandler(): single bytes, and up to four where the first one tells how many. */
int xml_encoding_handle(void *unused, const XML_Char *name, XML_Encoding *ret);

/* The name that expat knows for "utf8" and the like, for XML_ParserCreate(); NULL: it is another encoding. */
const char *xml_encoding_known_as(const char *name);
