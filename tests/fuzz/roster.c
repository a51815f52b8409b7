/* A damaged roster: a file that is read, and written to where it lets itself be opened. */
#include "fuzz.h"
#include "read-roster.h"

#include <fcntl.h>
#include <sys/stat.h>

static void try(const char *store, enum roster_mode mode)
{
    struct roster *roster = NULL;
    struct failure failure = {""};
    static const char COLUMNS[] = "email,first_name", ROW[] = "new@example.org,Rosa";
    const struct roster_member member = {.email = "new@example.org",
                                         .id = "",
                                         .digest = "",
                                         .columns = COLUMNS,
                                         .columns_length = sizeof COLUMNS - 1,
                                         .row = ROW,
                                         .row_length = sizeof ROW - 1};
    if (roster_open(store, mode, &roster, &failure) == STATUS_OK && mode == ROSTER_READ) {
        read_roster(roster);
    } else if (roster != NULL) {
        if (roster_put(roster, &member, &failure) == STATUS_OK)
            (void)roster_commit(roster, &failure);
    } else {
        require(failure.text[0] != '\0');
    }
    roster_close(roster);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char directory[64];
    char path[96];
    char store[128];
    if (directory[0] == '\0') {
        (void)strcpy(directory, "/dev/shm/fuzz-XXXXXX");
        require(mkdtemp(directory) != NULL);
    }
    static const char *const BESIDE[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof BESIDE / sizeof BESIDE[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/roster%s", directory, BESIDE[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/roster", directory);
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    require(file >= 0 && write(file, data, size) == (ssize_t)size);
    (void)close(file);
    (void)snprintf(store, sizeof store, "sqlite:%s", path);
    try(store, ROSTER_READ);
    try(store, ROSTER_WRITE);
    return 0;
}
