/*
 * The connection to Action Network that the environment describes: $AN_API_URL, $AN_API_KEY (or
 * _FILE), the pacer that the key's users share, and the engine.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "http/http.h"

struct connection {
    char *service;       /* the API's URL, without a slash at its end */
    char *key;           /* NULL when none is needed */
    struct pacer *pacer; /* NULL when nothing is to be sent */
    struct http *http;   /* likewise */
};

struct connection_settings {
    bool offline;         /* learn the URL only; no key is needed */
    double rate;          /* requests a second; 0: no limit */
    unsigned connections; /* requests in flight at the most */
    double deadline;      /* seconds from now after which nothing is started; 0: none */
    void (*trace)(void *context, const char *line); /* as in struct http_settings */
    void *trace_context;
};

/* Opens it into `connection`, which is to be given to connection_close also on error. STATUS_CONFIG
 * (no key, a URL that is none), STATUS_IO. */
enum status connection_open(const struct connection_settings *settings,
                            struct connection *connection, struct failure *failure);

/* Also of one that is zeroed, or was closed; the key is overwritten. */
void connection_close(struct connection *connection);

#endif
