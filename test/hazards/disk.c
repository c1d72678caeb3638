/*
 * A disk that forgets and fails, preloaded into a process whose database is to be tried with it.
 *
 * It stands between the process and the kernel for the calls that change the database files of
 * one folder. It keeps, beside each file, the image that a power cut would leave in the worst
 * case: the content as of the last sync that succeeded, overwritten pages included, not only the
 * length. And it fails the calls that the control block names. It never changes what the process
 * writes, and files elsewhere pass untouched.
 *
 * DISK_FOLDER  the folder whose *.db, *-wal, *-journal and *-probe files are watched, without links in it
 * DISK_IMAGES  the folder for their images, of the same names
 * DISK_CONTROL a file of eight 64-bit words, shared with the test: see struct control
 *
 * A removal counts as durable at once; where SQLite needs one to be, it syncs the folder itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_FILES = 16, CHUNK_BYTES = 1 << 16 };

/* The order of the words is known to disk.ts. */
struct control {
  uint64_t calls;      /* write, sync and truncate calls on watched files, counted here */
  uint64_t fail_first; /* the number of the first call that fails; 0: none does */
  uint64_t fail_count; /* how many fail from there on */
  uint64_t error;      /* their errno */
  uint64_t failed;     /* how many did fail, counted here */
  uint64_t syncs;      /* how many syncs succeeded, counted here */
  uint64_t delay_ms;   /* how long each sync takes besides */
  uint64_t unsynced;   /* how many writes no sync has followed yet, over all files */
};

struct range {
  off_t from, to;
};

struct file {
  char name[NAME_MAX + 1];
  int image;           /* its descriptor */
  struct range *dirty; /* written since the last sync */
  size_t dirty_count, dirty_room;
  off_t shortest; /* to which it was cut since the last sync */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct file files[MAX_FILES];
static size_t file_count;
static char folder[PATH_MAX], images[PATH_MAX];
static struct control unshared, *control = &unshared;

static void give_up(const char *what) {
  perror(what);
  abort();
}

__attribute__((constructor)) static void prepare(void) {
  const char *watched = getenv("DISK_FOLDER"), *kept = getenv("DISK_IMAGES");
  const char *shared = getenv("DISK_CONTROL");
  if (!watched || !kept || !shared) return;
  snprintf(folder, sizeof folder, "%s/", watched);
  snprintf(images, sizeof images, "%s/", kept);
  int fd = open(shared, O_RDWR | O_CLOEXEC);
  if (fd < 0) give_up("disk: the control block");
  control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (control == MAP_FAILED) give_up("disk: the control block");
  close(fd);
}

static int ends_with(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The name of a watched file, or NULL. */
static const char *watched_name(const char *path) {
  size_t length = strlen(folder);
  if (length == 0 || strncmp(path, folder, length) != 0) return NULL;
  const char *name = path + length;
  if (strchr(name, '/')) return NULL;
  int is_ours = ends_with(name, ".db") || ends_with(name, "-wal") || ends_with(name, "-journal") ||
               ends_with(name, "-probe");
  return is_ours ? name : NULL;
}

static ssize_t copy(int from, int to, off_t at, off_t end) {
  static char chunk[CHUNK_BYTES];
  while (at < end) {
    size_t wanted = end - at < CHUNK_BYTES ? (size_t)(end - at) : CHUNK_BYTES;
    ssize_t count = syscall(SYS_pread64, from, chunk, wanted, at);
    if (count < 0) return -1;
    if (count == 0) return 0; /* shorter by now */
    if (syscall(SYS_pwrite64, to, chunk, (size_t)count, at) != count) return -1;
    at += count;
  }
  return 0;
}

static off_t length_of(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) give_up("disk: fstat");
  return status.st_size;
}

/* The name of the watched file behind a descriptor, or NULL; `path` holds it. */
static const char *name_of(int fd, char path[PATH_MAX]) {
  if (folder[0] == 0) return NULL;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return NULL;
  path[length] = 0;
  return watched_name(path);
}

/* The watched file of a name, with the mutex held. What it holds at our first look is durable. */
static struct file *file_of(int fd, const char *name) {
  for (size_t i = 0; i < file_count; i++)
    if (strcmp(files[i].name, name) == 0) return &files[i];
  if (file_count == MAX_FILES) give_up("disk: too many files");
  struct file *file = &files[file_count++];
  memset(file, 0, sizeof *file);
  snprintf(file->name, sizeof file->name, "%s", name);
  file->shortest = INT64_MAX;
  char image[PATH_MAX * 2];
  snprintf(image, sizeof image, "%s%s", images, name);
  int is_new = access(image, F_OK) != 0;
  file->image = open(image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file->image < 0) give_up("disk: an image");
  if (is_new && copy(fd, file->image, 0, length_of(fd)) != 0) give_up("disk: the first image");
  return file;
}

/* Whether this call is one of those that fail. */
static int fails(void) {
  uint64_t nth = ++control->calls;
  if (control->fail_first == 0 || nth < control->fail_first) return 0;
  if (nth - control->fail_first >= control->fail_count) return 0;
  control->failed++;
  return 1;
}

static void mark_dirty(struct file *file, off_t from, off_t to) {
  if (file->dirty_count == file->dirty_room) {
    file->dirty_room = file->dirty_room ? file->dirty_room * 2 : 64;
    file->dirty = realloc(file->dirty, file->dirty_room * sizeof *file->dirty);
    if (!file->dirty) give_up("disk: memory");
  }
  file->dirty[file->dirty_count++] = (struct range){from, to};
  control->unsynced++;
}

/* Brings the image up to the file. A kill in the middle leaves what a cut in the middle would. */
static void settle(struct file *file, int fd) {
  if (file->shortest < length_of(file->image) &&
      syscall(SYS_ftruncate, file->image, file->shortest) != 0)
    give_up("disk: truncate an image");
  for (size_t i = 0; i < file->dirty_count; i++)
    if (copy(fd, file->image, file->dirty[i].from, file->dirty[i].to) != 0)
      give_up("disk: write an image");
  control->unsynced -= file->dirty_count;
  file->dirty_count = 0;
  file->shortest = INT64_MAX;
  control->syncs++;
}

static int leave(int result, int error) {
  pthread_mutex_unlock(&mutex);
  errno = error;
  return result;
}

static ssize_t write_at(int fd, const void *bytes, size_t size, off_t at, int is_append) {
  char path[PATH_MAX];
  const char *name = name_of(fd, path);
  if (!name && is_append) return syscall(SYS_write, fd, bytes, size);
  if (!name) return syscall(SYS_pwrite64, fd, bytes, size, at);
  pthread_mutex_lock(&mutex);
  struct file *file = file_of(fd, name);
  if (fails()) return leave(-1, (int)control->error);
  if (is_append) at = lseek(fd, 0, SEEK_CUR);
  ssize_t count = is_append ? syscall(SYS_write, fd, bytes, size)
                            : syscall(SYS_pwrite64, fd, bytes, size, at);
  int error = errno;
  if (count > 0) mark_dirty(file, at, at + count);
  leave(0, error);
  return count;
}

/* Looks again every millisecond, so that a delay that is lifted ends at once. */
static void wait_out_delay(void) {
  for (uint64_t waited_ms = 0; waited_ms < control->delay_ms; waited_ms++) usleep(1000);
}

static int sync_with(long call, int fd) {
  char path[PATH_MAX];
  const char *name = name_of(fd, path);
  if (!name) return (int)syscall(call, fd);
  pthread_mutex_lock(&mutex);
  struct file *file = file_of(fd, name);
  if (fails()) return leave(-1, (int)control->error);
  wait_out_delay();
  int result = (int)syscall(call, fd);
  int error = errno;
  if (result == 0) settle(file, fd);
  return leave(result, error);
}

static int cut_to(int fd, off_t length) {
  char path[PATH_MAX];
  const char *name = name_of(fd, path);
  if (!name) return (int)syscall(SYS_ftruncate, fd, length);
  pthread_mutex_lock(&mutex);
  struct file *file = file_of(fd, name);
  if (fails()) return leave(-1, (int)control->error);
  int result = (int)syscall(SYS_ftruncate, fd, length);
  int error = errno;
  if (result == 0 && length < file->shortest) file->shortest = length;
  return leave(result, error);
}

static void forget(const char *path) {
  char real[PATH_MAX], image[PATH_MAX * 2];
  if (folder[0] == 0 || !realpath(path, real)) return;
  const char *name = watched_name(real);
  if (!name) return;
  pthread_mutex_lock(&mutex);
  for (size_t i = 0; i < file_count; i++) {
    if (strcmp(files[i].name, name) != 0) continue;
    close(files[i].image);
    control->unsynced -= files[i].dirty_count;
    free(files[i].dirty);
    files[i] = files[--file_count];
    break;
  }
  snprintf(image, sizeof image, "%s%s", images, name);
  syscall(SYS_unlinkat, AT_FDCWD, image, 0);
  pthread_mutex_unlock(&mutex);
}

ssize_t write(int fd, const void *bytes, size_t size) { return write_at(fd, bytes, size, 0, 1); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
  return write_at(fd, bytes, size, at, 0);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) {
  return write_at(fd, bytes, size, at, 0);
}
int fsync(int fd) { return sync_with(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_with(SYS_fdatasync, fd); }
int ftruncate(int fd, off_t length) { return cut_to(fd, length); }
int ftruncate64(int fd, off_t length) { return cut_to(fd, length); }
int unlink(const char *path) {
  forget(path);
  return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
