#define _GNU_SOURCE
#include "CSystem.h"

#include <fcntl.h>
#include <stdio.h>

int csystem_rename_exchange(const char *a, const char *b) {
    return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

int csystem_rename_noreplace(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

int csystem_open(const char *path, int flags, unsigned int mode) {
    return open(path, flags, (mode_t)mode);
}

int csystem_drop_cache(int fd) {
    return posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}
