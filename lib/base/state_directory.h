/*
 * Where an-sync keeps what outlives a run, and whether others can meddle with it.
 */
#ifndef STATE_DIRECTORY_H
#define STATE_DIRECTORY_H

#include "base/status.h"

/* The state directory, $AN_STATE or else the XDG state directory's an-sync, as a new string of the
 * caller's; NULL when neither it nor $HOME is set, or memory ran out. Creates nothing. */
char *state_directory(void);

/* STATUS_OK when `path` is a directory that nobody but this user and root can change: it belongs to
 * one of them, and neither group nor others may write in it. STATUS_CONFIG, and what to do, when
 * not; STATUS_IO when it cannot be looked at. A symbolic link is followed. */
enum status directory_check(const char *path, struct failure *failure);

#endif
