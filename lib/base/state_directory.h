/*
 * Where an-sync keeps what outlives a run.
 */
#ifndef STATE_DIRECTORY_H
#define STATE_DIRECTORY_H

/* The state directory, $AN_STATE or else the XDG state directory's an-sync, as a new string of the
 * caller's; NULL when neither it nor $HOME is set, or memory ran out. Creates nothing. */
char *state_directory(void);

#endif
