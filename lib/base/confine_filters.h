/*
 * Which calls a confined program may make, as the kernel takes it (seccomp(2)): made by libseccomp
 * when an-sync is built, by lib/base/confine/filters.c, where the lists are. For confine.c.
 */
#ifndef CONFINE_FILTERS_H
#define CONFINE_FILTERS_H

#include <linux/filter.h>

/* Nothing but what a program needs that reads what is open, computes, and writes. */
extern const struct sock_fprog confine_computing;

/* All but what goes around a filter, what starts a program or changes a file by its name, and what
 * connects. */
extern const struct sock_fprog confine_disconnected;

/* The same, with connections to the network. */
extern const struct sock_fprog confine_programless;

/* All but what goes around a filter. */
extern const struct sock_fprog confine_around;

#endif
