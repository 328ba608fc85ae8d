// Copyright 2026 bodypix_ros contributors
// SPDX-License-Identifier: Apache-2.0
/* An LD_PRELOAD library that records what a process and its children do to the outside world.

   Each line of the file $RECORD_FILE is one call: `lookup NAME`, `connect ADDRESS` (IPv4 and IPv6 only) or `write PATH`
   (a file or folder that was created, opened for writing or renamed to). Build: cc -shared -fPIC -o calls.so THIS -ldl
*/
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void record(const char *what, const char *value) {
  char line[2 * PATH_MAX];
  const char *file = getenv("RECORD_FILE");
  int length = snprintf(line, sizeof line, "%s %s\n", what, value ? value : "");
  if (!file || length >= (int)sizeof line) return;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return;
  syscall(SYS_write, fd, line, length);
  syscall(SYS_close, fd);
}

/* Relative paths are completed by the folder that they are relative to. */
static void record_path(int folder, const char *path) {
  char link[64], base[PATH_MAX] = "", whole[2 * PATH_MAX];
  if (path[0] == '/') {
    record("write", path);
    return;
  }
  if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
  else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
  ssize_t length = readlink(link, base, sizeof base - 1);
  if (length > 0) base[length] = 0;
  snprintf(whole, sizeof whole, "%s/%s", base, path);
  record("write", whole);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)
#define MODE(flags) /* of open: there only where a file may be created */ \
  mode_t mode = 0;                                                        \
  if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) {                                    \
    va_list rest;                                                         \
    va_start(rest, flags);                                                \
    mode = va_arg(rest, mode_t);                                          \
    va_end(rest);                                                         \
  }

#define OPEN(name)                                 \
  int name(const char *path, int flags, ...) {     \
    MODE(flags)                                    \
    if (flags & WRITES) record_path(AT_FDCWD, path); \
    return NEXT(name)(path, flags, mode);          \
  }
#define OPENAT(name)                                       \
  int name(int folder, const char *path, int flags, ...) { \
    MODE(flags)                                            \
    if (flags & WRITES) record_path(folder, path);         \
    return NEXT(name)(folder, path, flags, mode);          \
  }
#define FOPEN(name)                                                 \
  FILE *name(const char *path, const char *mode) {                  \
    if (strpbrk(mode, "wa+")) record_path(AT_FDCWD, path);          \
    return NEXT(name)(path, mode);                                  \
  }
#define CREAT(name)                           \
  int name(const char *path, mode_t mode) {   \
    record_path(AT_FDCWD, path);              \
    return NEXT(name)(path, mode);            \
  }
#define MKSTEMP(name)                         \
  int name(char *path) {                      \
    record_path(AT_FDCWD, path);              \
    return NEXT(name)(path);                  \
  }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
FOPEN(fopen)
FOPEN(fopen64)
CREAT(creat)
CREAT(creat64)
CREAT(mkdir)
MKSTEMP(mkstemp)
MKSTEMP(mkstemp64)

int mkdirat(int folder, const char *path, mode_t mode) {
  record_path(folder, path);
  return NEXT(mkdirat)(folder, path, mode);
}

int rename(const char *from, const char *to) {
  record_path(AT_FDCWD, to);
  return NEXT(rename)(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
  record_path(to_folder, to);
  return NEXT(renameat)(from_folder, from, to_folder, to);
}

int shm_open(const char *name, int flags, mode_t mode) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "/dev/shm/%s", name + strspn(name, "/"));
  if (flags & WRITES) record("write", path);
  return NEXT(shm_open)(name, flags, mode);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  record("lookup", name);
  return NEXT(getaddrinfo)(name, service, hints, found);
}

struct hostent *gethostbyname(const char *name) {
  record("lookup", name);
  return NEXT(gethostbyname)(name);
}

struct hostent *gethostbyname2(const char *name, int family) {
  record("lookup", name);
  return NEXT(gethostbyname2)(name, family);
}

int gethostbyname_r(const char *name, struct hostent *host, char *buffer, size_t size, struct hostent **found, int *error) {
  record("lookup", name);
  return NEXT(gethostbyname_r)(name, host, buffer, size, found, error);
}

int connect(int socket, const struct sockaddr *address, socklen_t length) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET) inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, sizeof text);
  if (address->sa_family == AF_INET6) inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, sizeof text);
  if (text[0]) record("connect", text);
  return NEXT(connect)(socket, address, length);
}
