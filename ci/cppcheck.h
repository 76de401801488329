/* For cppcheck only: macros that it does not find, or cannot read, in words that it understands. */
#define UTIL_PICK(op, a, b, id)      ((a)op(b) ? (a) : (b))
#define LIBBPF_OPTS(type, name, ...) struct type name = {__VA_ARGS__}
#define cJSON_ArrayForEach(item, array) \
	for (item = (array) ? (array)->child : NULL; item; item = item->next)
#define bpf_object__for_each_program(program, object)                     \
	for ((program) = bpf_object__next_program(object, NULL); program; \
	     (program) = bpf_object__next_program(object, program))
