// System calls that `import Glibc` does not show to Swift.
#ifndef CSYSTEM_H
#define CSYSTEM_H

/// Swaps two names atomically (renameat2(2), RENAME_EXCHANGE). Returns 0, or -1 with errno set.
int csystem_rename_exchange(const char *a, const char *b);

/// Renames without replacing (renameat2(2), RENAME_NOREPLACE). Returns 0, or -1 with errno set.
int csystem_rename_noreplace(const char *from, const char *to);

/// open(2) without C varargs. Returns a descriptor, or -1 with errno set.
int csystem_open(const char *path, int flags, unsigned int mode);

/// Asks the kernel to forget the cached pages of a file, so that the next read is the disk's.
/// Returns 0 or an errno (posix_fadvise(2), POSIX_FADV_DONTNEED).
int csystem_drop_cache(int fd);

#endif
