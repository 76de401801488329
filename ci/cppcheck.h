/* For cppcheck only: macros that it does not find, or cannot read, in words that it understands. */
#define UTIL_PICK(op, a, b, id)      ((a)op(b) ? (a) : (b))
#define LIBBPF_OPTS(type, name, ...) struct type name = {__VA_ARGS__}
#define cJSON_ArrayForEach(item, array) \
	for (item = (array) ? (array)->child : NULL; item; item = item->next)
