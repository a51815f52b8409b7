/*
 * Preloaded into a program, makes one of its calls fail: the FAIL_AT-th (from 1) of the kind that
 * FAIL_KIND names, and with FAIL_ALL all that follow. Writes a byte to the file FAIL_REPORT when it
 * has done so, so that a test knows when it has tried every call.
 *
 *   alloc   malloc, calloc, realloc      no memory
 *   place   the same, counted by places: the first call of each, as the program's own innermost
 *           functions tell them apart, whatever library asks for it
 *   write   write, pwrite                no space left (ENOSPC)
 *   read    read, pread                  an I/O error
 *   sync    fsync, fdatasync             an I/O error
 *   sqlite  sqlite3_step, sqlite3_exec   an I/O error, and nothing was done
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

enum kind { NONE, ALLOC, PLACE, WRITE, READ, SYNC, SQLITE };

static const char *const KINDS[] = {"", "alloc", "place", "write", "read", "sync", "sqlite"};

enum { FRAMES = 40, TOLD_BY = 4, MOST_PLACES = 8192 };

static enum kind chosen;
static long fail_at;
static bool fail_all;
static atomic_long calls;
static uintptr_t program[2]; /* where its code begins and ends */
static char *report; /* the file's first byte, mapped: a program that is confined opens none */

/* The program itself is the first object. */
static int find_program(struct dl_phdr_info *object, size_t size, void *context)
{
    (void)size, (void)context;
    for (int i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_LOAD && (object->dlpi_phdr[i].p_flags & PF_X) != 0) {
            program[0] = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
            program[1] = program[0] + object->dlpi_phdr[i].p_memsz;
        }
    return 1;
}

__attribute__((constructor)) static void choose(void)
{
    const char *kind = getenv("FAIL_KIND");
    const char *at = getenv("FAIL_AT");
    if (kind == NULL || at == NULL)
        return;
    fail_at = strtol(at, NULL, 10);
    fail_all = getenv("FAIL_ALL") != NULL;
    const char *path = getenv("FAIL_REPORT");
    int file = path != NULL ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (file >= 0 && ftruncate(file, 1) == 0)
        report = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (report == MAP_FAILED)
        report = NULL;
    if (file >= 0)
        (void)close(file);
    /* OpenSSL 3.5 that has no memory while it begins waits for itself for ever. So it begins here,
     * asked for its strings (2): when asked for nothing it does nothing. */
    int (*begin)(uint64_t, const void *) = NULL;
    *(void **)&begin = dlsym(RTLD_DEFAULT, "OPENSSL_init_crypto");
    if (begin != NULL)
        (void)begin(2, NULL);
    void *frame[1];
    (void)backtrace(frame, 1); /* it asks for memory the first time */
    (void)dl_iterate_phdr(find_program, NULL);
    for (enum kind known = ALLOC; known <= SQLITE; known++)
        if (strcmp(kind, KINDS[known]) == 0)
            chosen = known;
}

/* For tests/coverage.c. */
void torture_is_over(void);
void torture_is_over(void)
{
    chosen = NONE;
}

/* Whether this is the first call from where it comes. */
static bool is_new_place(void)
{
    static uint64_t places[MOST_PLACES];
    static size_t count;
    static atomic_flag busy = ATOMIC_FLAG_INIT;
    static _Thread_local bool inside;
    void *frames[FRAMES];
    uint64_t place = 0;
    if (inside)
        return false;
    inside = true;
    int depth = backtrace(frames, FRAMES);
    for (int i = 0, told = 0; i < depth && told < TOLD_BY; i++) {
        uintptr_t at = (uintptr_t)frames[i];
        if (at >= program[0] && at < program[1]) {
            place = (place ^ (at - program[0])) * 0x9E3779B97F4A7C15U;
            told++;
        }
    }
    inside = false;
    while (atomic_flag_test_and_set(&busy))
        ;
    bool is_new = place != 0 && count < MOST_PLACES;
    for (size_t i = 0; i < count && is_new; i++)
        is_new = places[i] != place;
    if (is_new)
        places[count++] = place;
    atomic_flag_clear(&busy);
    return is_new;
}

static bool fails(enum kind kind)
{
    if (kind == ALLOC && chosen == PLACE && is_new_place())
        kind = PLACE;
    if (kind != chosen)
        return false;
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (call == fail_at && report != NULL)
        *report = 'x';
    return call == fail_at || (fail_all && call > fail_at);
}

void *malloc(size_t size)
{
    if (!fails(ALLOC))
        return __libc_malloc(size);
    errno = ENOMEM;
    return NULL;
}

void *calloc(size_t count, size_t size)
{
    if (!fails(ALLOC))
        return __libc_calloc(count, size);
    errno = ENOMEM;
    return NULL;
}

void *realloc(void *block, size_t size)
{
    if (!fails(ALLOC))
        return __libc_realloc(block, size);
    errno = ENOMEM;
    return NULL;
}

ssize_t write(int file, const void *bytes, size_t length)
{
    static ssize_t (*real)(int, const void *, size_t);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "write");
    if (file == STDERR_FILENO || !fails(WRITE))
        return real(file, bytes, length);
    errno = ENOSPC;
    return -1;
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off_t offset)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "pwrite64");
    if (!fails(WRITE))
        return real(file, bytes, length, offset);
    errno = ENOSPC;
    return -1;
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset)
{
    return pwrite64(file, bytes, length, offset);
}

/* Such as /dev/urandom, of which jansson asks a seed and does without. */
static bool is_device(int file)
{
    struct stat state;
    return fstat(file, &state) == 0 && S_ISCHR(state.st_mode);
}

ssize_t read(int file, void *bytes, size_t length)
{
    static ssize_t (*real)(int, void *, size_t);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "read");
    if (is_device(file) || !fails(READ))
        return real(file, bytes, length);
    errno = EIO;
    return -1;
}

ssize_t pread64(int file, void *bytes, size_t length, off_t offset)
{
    static ssize_t (*real)(int, void *, size_t, off_t);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "pread64");
    if (!fails(READ))
        return real(file, bytes, length, offset);
    errno = EIO;
    return -1;
}

ssize_t pread(int file, void *bytes, size_t length, off_t offset)
{
    return pread64(file, bytes, length, offset);
}

int fsync(int file)
{
    static int (*real)(int);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "fsync");
    if (!fails(SYNC))
        return real(file);
    errno = EIO;
    return -1;
}

int fdatasync(int file)
{
    static int (*real)(int);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "fdatasync");
    if (!fails(SYNC))
        return real(file);
    errno = EIO;
    return -1;
}

/* ---- SQLite, without its header: not every program that is tortured has it ---- */

enum { SQLITE_IOERR = 10 };

/* Whether the program itself is the caller. SQLite calls these, too, and would not believe it. */
static bool is_program(void *caller)
{
    Dl_info called, program;
    return dladdr(caller, &called) != 0 && dladdr((void *)getauxval(AT_ENTRY), &program) != 0 &&
           called.dli_fbase == program.dli_fbase;
}

int sqlite3_step(void *statement)
{
    static int (*real)(void *);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "sqlite3_step");
    if (is_program(__builtin_return_address(0)) && fails(SQLITE))
        return SQLITE_IOERR;
    return real(statement);
}

int sqlite3_exec(void *database, const char *sql, int (*row)(void *, int, char **, char **),
                 void *context, char **error)
{
    static int (*real)(void *, const char *, int (*)(void *, int, char **, char **), void *,
                       char **);
    if (real == NULL)
        real = dlsym(RTLD_NEXT, "sqlite3_exec");
    if (is_program(__builtin_return_address(0)) && fails(SQLITE))
        return SQLITE_IOERR;
    return real(database, sql, row, context, error);
}
