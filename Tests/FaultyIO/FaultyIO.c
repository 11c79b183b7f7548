// Preloaded into a program, this makes its N-th call of a kind fail below a directory.
//
//   FAULTY_IO_ROOT   the directory; everything else is left alone
//   FAULTY_IO_CALL   open, write, fsync, close, rename, mkdir, unlink
//   FAULTY_IO_N      the first call that fails, from 1
//   FAULTY_IO_ERRNO  the error's number; 0: a short write, of one byte
//   FAULTY_IO_EVER   when set, each later call of the kind fails too
//   FAULTY_IO_TRACE  a file to which the kind of each call is added, a line each
#define _GNU_SOURCE
#include "FaultyIO.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { most_descriptors = 4096 };
static char is_ours[most_descriptors];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long calls;

static int is_below_root(const char *path) {
    const char *root = getenv("FAULTY_IO_ROOT");
    return root && path && strncmp(path, root, strlen(root)) == 0;
}

// Whether the call is to fail: then errno is set, or `*is_short` where there is one.
static int fails(const char *kind, int *is_short) {
    const char *trace = getenv("FAULTY_IO_TRACE");
    if (trace) {
        int file = (int)syscall(SYS_openat, AT_FDCWD, trace, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (file >= 0) {
            char line[32];
            size_t length = strlen(kind);
            memcpy(line, kind, length);
            line[length] = '\n';
            syscall(SYS_write, file, line, length + 1);
            syscall(SYS_close, file);
        }
    }
    const char *wanted = getenv("FAULTY_IO_CALL");
    const char *number = getenv("FAULTY_IO_N");
    const char *code = getenv("FAULTY_IO_ERRNO");
    if (!wanted || !number || !code || strcmp(wanted, kind) != 0) return 0;
    pthread_mutex_lock(&lock);
    long call = ++calls;
    pthread_mutex_unlock(&lock);
    if (call < atol(number) || (call > atol(number) && !getenv("FAULTY_IO_EVER"))) return 0;
    int error = atoi(code);
    if (error == 0) {
        if (!is_short) return 0;
        *is_short = 1;
        return 0;
    }
    errno = error;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int noted(int descriptor, int ours) {
    if (descriptor >= 0 && descriptor < most_descriptors) is_ours[descriptor] = (char)ours;
    return descriptor;
}

static int owned(int descriptor) {
    return descriptor >= 0 && descriptor < most_descriptors && is_ours[descriptor];
}

static mode_t mode_of(int flags, va_list arguments) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name)                                              \
    int name(const char *path, int flags, ...) {                \
        va_list arguments;                                      \
        va_start(arguments, flags);                             \
        mode_t mode = mode_of(flags, arguments);                \
        va_end(arguments);                                      \
        int ours = is_below_root(path);                         \
        if (ours && fails("open", NULL)) return -1;             \
        return noted(REAL(name)(path, flags, mode), ours);      \
    }

OPEN(open)
OPEN(open64)

ssize_t write(int descriptor, const void *bytes, size_t count) {
    int is_short = 0;
    if (owned(descriptor) && fails("write", &is_short)) return -1;
    return REAL(write)(descriptor, bytes, is_short && count > 1 ? 1 : count);
}

int fsync(int descriptor) {
    if (owned(descriptor) && fails("fsync", NULL)) return -1;
    return REAL(fsync)(descriptor);
}

int close(int descriptor) {
    // A close that fails has closed all the same (close(2), Linux).
    int failed = owned(descriptor) && fails("close", NULL);
    int error = errno;
    noted(descriptor, 0);
    int result = REAL(close)(descriptor);
    if (!failed) return result;
    errno = error;
    return -1;
}

int rename(const char *from, const char *to) {
    if (is_below_root(to) && fails("rename", NULL)) return -1;
    return REAL(rename)(from, to);
}

int renameat2(int old, const char *from, int new, const char *to, unsigned flags) {
    if (is_below_root(to) && fails("rename", NULL)) return -1;
    return REAL(renameat2)(old, from, new, to, flags);
}

int mkdir(const char *path, mode_t mode) {
    if (is_below_root(path) && fails("mkdir", NULL)) return -1;
    return REAL(mkdir)(path, mode);
}

int unlink(const char *path) {
    if (is_below_root(path) && fails("unlink", NULL)) return -1;
    return REAL(unlink)(path);
}

int unlinkat(int directory, const char *path, int flags) {
    // Below a directory that was opened: there is no path to look at.
    if (getenv("FAULTY_IO_ROOT") && fails("unlink", NULL)) return -1;
    return REAL(unlinkat)(directory, path, flags);
}
