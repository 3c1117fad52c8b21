/* Preloaded into a daemon: below the directory $SILENT_DISK every look and every writing waits for as long as $SILENT_DISK.silent is there. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static void look(const char *path) {
    const char *disk = getenv("SILENT_DISK");
    if (!disk || !path || strncmp(path, disk, strlen(disk)) != 0)
        return;
    char mark[4096] = "";
    strncat(mark, disk, sizeof mark - 16);
    strcat(mark, ".silent");
    while (syscall(SYS_faccessat, -100, mark, 0) == 0)
        usleep(2000);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    look(path);
    return REAL(open64)(path, flags, mode);
}

int statx(int at, const char *restrict path, int flags, unsigned mask, struct statx *restrict found) {
    look(path);
    return REAL(statx)(at, path, flags, mask, found);
}

ssize_t readlink(const char *restrict path, char *restrict target, size_t size) {
    look(path);
    return REAL(readlink)(path, target, size);
}

int inotify_add_watch(int descriptor, const char *path, uint32_t mask) {
    look(path);
    return ((int (*)(int, const char *, uint32_t))dlsym(RTLD_NEXT, "inotify_add_watch"))(descriptor, path, mask);
}

ssize_t write(int descriptor, const void *bytes, size_t size) {
    char link[64], path[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    syscall(SYS_readlinkat, -100, link, path, sizeof path - 1);
    look(path);
    return REAL(write)(descriptor, bytes, size);
}
