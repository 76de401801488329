/* Small helpers for all other files: cleanup, allocation, strings, files and time */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
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

/* -- Exit statuses of latwrap itself, as those of timeout(1) ----------------------------------- */

#define EXIT_TIMED_OUT 124
#define EXIT_LATWRAP   125

/* -- Macros ---------------------------------------------------------------------------------- */

/*
 * Passing a pointer instead of an array does not compile: the width of the bit-field becomes
 * negative.
 */
#define ARRAY_SIZE(array)                                                                        \
	(sizeof(array) / sizeof((array)[0]) +                                                    \
	 0 * sizeof(struct {                                                                     \
		 int not_an_array : 1 - 2 * !!__builtin_types_compatible_p(                      \
						    __typeof__(array), __typeof__(&(array)[0])); \
	 }))

/* Evaluates each argument once; may be nested. Cannot be used in a constant expression. */
#undef MIN
#undef MAX
#define MIN(a, b) UTIL_PICK(<, a, b, __COUNTER__)
#define MAX(a, b) UTIL_PICK(>, a, b, __COUNTER__)
#ifndef UTIL_PICK /* ci/check.sh defines a simpler one for tools that cannot parse this */
#define UTIL_PICK(op, a, b, id) UTIL_PICK_ID(op, a, b, id)
#endif
#define UTIL_PICK_ID(op, a, b, id)                                      \
	__extension__({                                                 \
		__auto_type util_a_##id = (a);                          \
		__auto_type util_b_##id = (b);                          \
		util_a_##id op util_b_##id ? util_a_##id : util_b_##id; \
	})

#define streq(a, b) (strcmp((a), (b)) == 0)
/* The same for strings that may be NULL, which equals only NULL. */
bool streq_null(const char *a, const char *b);

/* Returns the pointer and sets the variable to NULL, so that its cleanup does nothing. */
#define steal_ptr(ptr)                                \
	__extension__({                               \
		__auto_type util_place = &(ptr);      \
		__auto_type util_value = *util_place; \
		*util_place = NULL;                   \
		util_value;                           \
	})

/*
 * -- Allocation: never returns NULL; out of memory prints a message and aborts -------------------
 */

void *xmalloc(size_t size_bytes) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size_bytes) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *ptr, size_t size_bytes) __attribute__((returns_nonnull));
/* Like xrealloc(ptr, count * size_bytes), but aborts if the multiplication overflows. */
void *xreallocarray(void *ptr, size_t count, size_t size_bytes) __attribute__((returns_nonnull));
/* Makes room for one more in an array with no capacity of its own: it doubles when the count is a power of two. */
void *grow_array(void *ptr, size_t count, size_t size_bytes) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
/* Copies at most n bytes of s and adds a NUL. */
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list ap)
	__attribute__((malloc, returns_nonnull, format(printf, 1, 0)));

/* -- Strings and numbers ----------------------------------------------------------------------- */

/* Returns the part of s after prefix, or NULL if s does not start with prefix. */
const char *startswith(const char *s, const char *prefix);

/*
 * Returns a pointer to the part of path after its last slash, or path if there is no slash. The
 * result is empty if path ends with a slash.
 */
const char *base_name(const char *path);

/*
 * Parses a string that consists of decimal digits only: no sign, no space. Returns -EINVAL for
 * anything else and -ERANGE if the number does not fit; writes *ret only on success.
 */
int parse_u64(const char *s, uint64_t *ret);
/* Parses the digits at *p as parse_u64() does, and moves *p behind them in any case. */
int take_u64(const char **p, uint64_t *ret);

/* -- Files ------------------------------------------------------------------------------------- */

/* Closes fd unless it is negative. Keeps errno. Returns -1, for "fd = close_fd(fd);". */
int close_fd(int fd);

/*
 * Reads the whole file and adds a NUL; the caller frees *ret. *ret_size_bytes (may be NULL) does
 * not count the NUL. Does not use st_size, which is 0 in /proc and 4096 in sysfs. Returns 0 or
 * -errno; writes the results only on success.
 */
int read_file(const char *path, char **ret, size_t *ret_size_bytes);
int read_file_at(int dirfd, const char *path, char **ret, size_t *ret_size_bytes);

/*
 * Writes value to an existing file (never creates or truncates a file) in a single write(): cgroup2
 * and /proc take each write() as one command. Returns 0 or -errno; -EIO for a short write.
 */
int write_file_at(int dirfd, const char *name, const char *value);

/* -- Time -------------------------------------------------------------------------------------- */

#define NSEC_PER_USEC UINT64_C(1000)
#define NSEC_PER_MSEC UINT64_C(1000000)
#define NSEC_PER_SEC  UINT64_C(1000000000)

uint64_t now_ns(clockid_t clock);

/*
 * Returns CLOCK_MONOTONIC as the kernel and its BPF programs see it. In a time namespace
 * (time_namespaces(7)), clock_gettime(2) differs from it by a constant.
 */
uint64_t kernel_now_ns(void);
/*
 * Converts a time of clock_gettime(CLOCK_MONOTONIC) to that of kernel_now_ns(). 0 means unknown and
 * stays 0.
 */
uint64_t kernel_time_ns(uint64_t monotonic_ns);

/* -- Inline parts ------------------------------------------------------------------------------ */

/* Returns the descriptor and sets the variable to -1, so that its cleanup does nothing. */
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
