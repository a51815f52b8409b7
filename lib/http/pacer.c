#include "http/pacer.h"

#include "base/clock.h"
#include "base/state_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

/* A hundredth slower than the limit, so that jitter on the way does not put one too many into the
 * service's second. */
static const double MARGIN = 1.01;
static const double SLOWEST = 16;
static const double RECOVERY = 0.95;
static const int64_t LONGEST_PAUSE = (int64_t)900 * NANOSECONDS;
static const int64_t LONGEST_INTERVAL = (int64_t)86400 * NANOSECONDS;

enum { SCHEDULE_MAGIC = 0x616e7031 }; /* "anp1" */

struct schedule {
    uint32_t magic;
    uint32_t boot;   /* of the machine: CLOCK_MONOTONIC begins anew with each */
    int64_t next;    /* the next turn nobody has taken */
    int64_t slowed;  /* when the rate was last halved */
    double slowness; /* 1 is full rate */
};

struct pacer {
    int file; /* -1: no limit */
    int64_t interval;
    uint32_t boot;
};

/* A number for this boot; 0 where the system does not tell. */
static uint32_t current_boot(void)
{
    char id[64];
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t length = file >= 0 ? read(file, id, sizeof id) : -1;
    if (file >= 0)
        (void)close(file);
    return length > 0 ? (uint32_t)XXH3_64bits(id, (size_t)length) : 0;
}

/* Opens the schedule in a directory that only this user can have made. /tmp and not $TMPDIR: cron
 * and a shell must meet in the same place. */
static enum status open_schedule(const char *identity, int *file, struct failure *failure)
{
    char directory[64];
    char path[96];
    (void)snprintf(directory, sizeof directory, "/tmp/an-sync-%lu", (unsigned long)geteuid());
    uint32_t fingerprint = (uint32_t)XXH3_64bits(identity, strlen(identity));
    (void)snprintf(path, sizeof path, "%s/pace-%08x", directory, fingerprint);
    struct stat state;
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return fail(failure, STATUS_IO, "%s: %s", directory, strerror(errno));
    if (lstat(directory, &state) != 0)
        return fail(failure, STATUS_IO, "%s: %s", directory, strerror(errno));
    if (state.st_uid != geteuid())
        return fail(
            failure, STATUS_CONFIG,
            "%s was made by somebody else (user %lu), and the turns of all who send with "
            "this key are to be kept there: have it removed, by that user or root (rm -r %s)",
            directory, (unsigned long)state.st_uid, directory);
    if (!S_ISDIR(state.st_mode))
        return fail(failure, STATUS_CONFIG, "%s is not a directory; remove it (rm %s)", directory,
                    directory);
    enum status status = directory_check(directory, failure);
    if (status != STATUS_OK)
        return status;
    *file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*file < 0)
        return fail(failure, STATUS_IO, "%s: %s", path, strerror(errno));
    return STATUS_OK;
}

enum status pacer_open(double rate, const char *identity, struct pacer **pacer,
                       struct failure *failure)
{
    *pacer = NULL;
    struct pacer *made = calloc(1, sizeof *made);
    if (made == NULL)
        return fail_memory(failure);
    made->file = -1;
    enum status status = STATUS_OK;
    if (rate > 0) {
        double interval = NANOSECONDS / rate * MARGIN;
        made->interval = interval < (double)LONGEST_INTERVAL ? (int64_t)interval : LONGEST_INTERVAL;
        made->boot = current_boot();
        status = open_schedule(identity, &made->file, failure);
    }
    if (status == STATUS_OK)
        *pacer = made;
    else
        pacer_close(made);
    return status;
}

void pacer_close(struct pacer *pacer)
{
    if (pacer == NULL)
        return;
    if (pacer->file >= 0)
        (void)close(pacer->file);
    free(pacer);
}

/* Until when the next turn can be: a pause, and behind it the turns of a hundred processes. */
static int64_t horizon(const struct pacer *pacer, int64_t now)
{
    return now + 2 * LONGEST_PAUSE + 100 * (int64_t)SLOWEST * pacer->interval;
}

/* Takes the lock and reads the clock and the schedule, anew where it cannot be true. False, with
 * the caller's status, when there is no limit or no lock. */
static bool begin(struct pacer *pacer, int64_t *now, struct schedule *schedule, enum status *status,
                  struct failure *failure)
{
    int locked;
    *status = STATUS_OK;
    if (pacer->file < 0)
        return false;
    do
        locked = flock(pacer->file, LOCK_EX);
    while (locked != 0 && errno == EINTR);
    if (locked != 0) {
        *status = fail(failure, STATUS_IO, "locking the schedule: %s", strerror(errno));
        return false;
    }
    *now = clock_now();
    ssize_t length = pread(pacer->file, schedule, sizeof *schedule, 0);
    if (length != sizeof *schedule || schedule->magic != SCHEDULE_MAGIC ||
        schedule->boot != pacer->boot || schedule->next > horizon(pacer, *now) ||
        schedule->slowed > *now || !(schedule->slowness >= 1 && schedule->slowness <= SLOWEST))
        *schedule = (struct schedule){.magic = SCHEDULE_MAGIC, .boot = pacer->boot, .slowness = 1};
    return true;
}

static enum status end(struct pacer *pacer, const struct schedule *schedule,
                       struct failure *failure)
{
    bool written = pwrite(pacer->file, schedule, sizeof *schedule, 0) == sizeof *schedule;
    int error = errno;
    (void)flock(pacer->file, LOCK_UN);
    if (!written)
        return fail(failure, STATUS_IO, "writing the schedule: %s", strerror(error));
    return STATUS_OK;
}

static int64_t current_interval(const struct pacer *pacer, const struct schedule *schedule)
{
    return (int64_t)((double)pacer->interval * schedule->slowness);
}

enum status pacer_take(struct pacer *pacer, int64_t *turn, struct failure *failure)
{
    int64_t now;
    struct schedule schedule;
    enum status status;
    *turn = clock_now();
    if (!begin(pacer, &now, &schedule, &status, failure))
        return status;
    *turn = schedule.next > now ? schedule.next : now;
    schedule.next = *turn + current_interval(pacer, &schedule);
    schedule.slowness = schedule.slowness * RECOVERY > 1 ? schedule.slowness * RECOVERY : 1;
    return end(pacer, &schedule, failure);
}

enum status pacer_next(struct pacer *pacer, int64_t *wait, struct failure *failure)
{
    int64_t now;
    struct schedule schedule;
    enum status status;
    *wait = 0;
    if (!begin(pacer, &now, &schedule, &status, failure))
        return status;
    *wait = schedule.next > now ? schedule.next - now : 0;
    return end(pacer, &schedule, failure);
}

enum status pacer_late(struct pacer *pacer, struct failure *failure)
{
    int64_t now;
    struct schedule schedule;
    enum status status;
    if (!begin(pacer, &now, &schedule, &status, failure))
        return status;
    int64_t next = now + current_interval(pacer, &schedule);
    if (schedule.next < next)
        schedule.next = next;
    return end(pacer, &schedule, failure);
}

enum status pacer_slow(struct pacer *pacer, int64_t pause, struct failure *failure)
{
    int64_t now;
    struct schedule schedule;
    enum status status;
    if (!begin(pacer, &now, &schedule, &status, failure))
        return status;
    if (pause > LONGEST_PAUSE)
        pause = LONGEST_PAUSE;
    if (schedule.next < now + pause)
        schedule.next = now + pause;
    /* The requests in flight are refused together; that is one refusal. */
    if (now - schedule.slowed > NANOSECONDS) {
        schedule.slowness = schedule.slowness * 2 < SLOWEST ? schedule.slowness * 2 : SLOWEST;
        schedule.slowed = now;
    }
    return end(pacer, &schedule, failure);
}
