/* Small helpers that every other file may use: cleanup, allocation, files, numbers, time */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* -- Cleanup at the end of scope ------------------------------------------------------------- */

#define _cleanup_(func)  __attribute__((cleanup(func)))
#define _cleanup_close_  _cleanup_(cleanup_close)
#define _cleanup_free_   _cleanup_(cleanup_free)
#define _cleanup_fclose_ _cleanup_(cleanup_fclose)

/*
 * Defines funcp(), so that DEFINE_CLEANUP(struct gate *, gate_free) makes
 * "_cleanup_(gate_freep) struct gate *g = NULL;" call gate_free(g) unless g is NULL.
 */
#define DEFINE_CLEANUP(type, func)                                       \
	__attribute__((unused)) static inline void func##p(type *object) \
	{                                                                \
		if (*object)                                             \
			func(*object);                                   \
	}

/* -- Macros ---------------------------------------------------------------------------------- */

/* A pointer in place of an array does not compile: the bit-field's width would be negative. */
#define ARRAY_SIZE(array)                                                                        \
	(sizeof(array) / sizeof((array)[0]) +                                                    \
	 0 * sizeof(struct {                                                                     \
		 int not_an_array : 1 - 2 * !!__builtin_types_compatible_p(                      \
						    __typeof__(array), __typeof__(&(array)[0])); \
	 }))

/* Each argument is evaluated once; nesting is fine. Not for constant expressions. */
#undef MIN
#undef MAX
#define MIN(a, b) UTIL_PICK(<, a, b, __COUNTER__)
#define MAX(a, b) UTIL_PICK(>, a, b, __COUNTER__)
#ifndef UTIL_PICK /* ci/check.sh has a plain one, for what cannot read this */
#define UTIL_PICK(op, a, b, id) UTIL_PICK_ID(op, a, b, id)
#endif
#define UTIL_PICK_ID(op, a, b, id)                                      \
	__extension__({                                                 \
		__auto_type util_a_##id = (a);                          \
		__auto_type util_b_##id = (b);                          \
		util_a_##id op util_b_##id ? util_a_##id : util_b_##id; \
	})

#define streq(a, b) (strcmp((a), (b)) == 0)

/* The pointer's value; the variable itself becomes NULL, so that its cleanup does nothing. */
#define steal_ptr(ptr)                                \
	__extension__({                               \
		__auto_type util_place = &(ptr);      \
		__auto_type util_value = *util_place; \
		*util_place = NULL;                   \
		util_value;                           \
	})

/* -- Allocation: never NULL. Out of memory is a message and abort() ---------------------------- */

void *xmalloc(size_t size_bytes) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size_bytes) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *ptr, size_t size_bytes) __attribute__((returns_nonnull));
/* As xrealloc(ptr, count * size_bytes), with the multiplication checked. */
void *xreallocarray(void *ptr, size_t count, size_t size_bytes) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
/* At most n bytes of s, NUL-terminated. */
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list ap)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 0)));

/* -- Strings and numbers ----------------------------------------------------------------------- */

/* What follows prefix in s, or NULL if s does not start with it. */
const char *startswith(const char *s, const char *prefix);

/* What follows the last slash of path, or path itself: a pointer into it, empty behind a slash at the end. */
const char *base_name(const char *path);

/* A whole string of decimal digits: no sign, no space. -EINVAL if it is anything else, -ERANGE if
 * it does not fit; *ret is only written on success. */
int parse_u64(const char *s, uint64_t *ret);

/* -- Files ------------------------------------------------------------------------------------- */

/* Closes fd unless it is negative, keeps errno, returns -1: "fd = close_fd(fd);". */
int close_fd(int fd);

/*
 * The whole file, with a NUL added after the last byte; the caller frees *ret. ret_size_bytes (may
 * be NULL) does not count that NUL. Reads to the end rather than trusting st_size, which is 0 in
 * /proc and 4096 in sysfs. Returns 0 or -errno; on failure nothing is written to the results.
 */
int read_file(const char *path, char **ret, size_t *ret_size_bytes);
int read_file_at(int dirfd, const char *path, char **ret, size_t *ret_size_bytes);

/*
 * Writes value to a file that exists (never creates or truncates one), in a single write(): the
 * files of cgroup2 and /proc take each write() as one command. Returns 0 or -errno, -EIO for a
 * short write.
 */
int write_file_at(int dirfd, const char *name, const char *value);

/* -- Time -------------------------------------------------------------------------------------- */

#define NSEC_PER_USEC UINT64_C(1000)
#define NSEC_PER_MSEC UINT64_C(1000000)
#define NSEC_PER_SEC  UINT64_C(1000000000)

uint64_t now_ns(clockid_t clock);

/*
 * CLOCK_MONOTONIC as the kernel and its BPF programs have it; in a time namespace (time_namespaces(7)) what
 * clock_gettime(2) tells differs from it by a constant.
 */
uint64_t kernel_now_ns(void);
/* From clock_gettime(CLOCK_MONOTONIC) to the kernel's; 0 stays 0, which stands for unknown. */
uint64_t kernel_time_ns(uint64_t monotonic_ns);

/* -- Inline parts ------------------------------------------------------------------------------ */

/* The descriptor; the variable becomes -1, so that its cleanup does nothing. */
static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

static inline void cleanup_close(int *fd)
{
	close_fd(*fd);
}

static inline void cleanup_free(void *ptr)
{
	free(*(void **)ptr);
}

static inline void cleanup_fclose(FILE **file)
{
	if (*file)
		fclose(*file);
}
