/*
 * Confinement: a program gives up what it does not need, once its files are open, so that whoever
 * breaks into it through what it reads gains nothing by it. By seccomp (seccomp_rule_add(3)) for
 * what the kernel may be asked, and by Landlock
 * (https://docs.kernel.org/userspace-api/landlock.html) for files. What is forbidden fails with
 * EACCES. There is no way back, and what is started inherits it.
 *
 * Each function returns what now holds, of `enum confined`. Where the kernel or a container does
 * not know the one or the other, the program runs on without; so it does under a sanitizer, under
 * valgrind, and where it is built to count what is covered, all of which need more than it does. To
 * be called before there is a second thread.
 */
#ifndef CONFINE_H
#define CONFINE_H

enum confined {
    CONFINED_CALLS = 1, /* what may be asked of the kernel */
    CONFINED_FILES = 2  /* which files may be reached */
};

/* Nothing but to read what is open, write to standard output and error, allocate memory that is not
 * executable and is nobody else's, run threads, and exit. The time zone is loaded before. */
int confine_to_open_files(void);

/* No connection and no program; files only beneath the directory, which is there to be read and
 * written in. Its path is borrowed. */
int confine_to_directory(const char *directory);

/* No program, no connection but to the network, and nothing to be written or changed by its path;
 * of files only what the system has for connecting: its configuration, libraries and certificates,
 * and those of authorities that the environment names (CURL_CA_BUNDLE, SSL_CERT_FILE,
 * SSL_CERT_DIR). */
int confine_to_network(void);

/* The same with programs, which may read any file; `directory`, where they may write, is borrowed,
 * and NULL for none. */
int confine_to_network_and_programs(const char *directory);

#endif
