#include "send/options.h"

#include <string.h>

void sender_options_lines(struct sender_options *options,
                          struct option_line lines[SENDER_OPTION_LINES])
{
    *options = (struct sender_options){.rate = 4, .jobs = 32};
    const struct option_line made[SENDER_OPTION_LINES] = {
        {"dry-run", 'n', OPTION_FLAG, &options->dry_run,
         .help = "send nothing; write the requests as results"},
        {"map", 'm', OPTION_TEXT, &options->map, .argument = "MAP",
         .help = "the field map (JSON); else $AN_FIELD_MAP or the built-in one"},
        {"rate", 'r', OPTION_NUMBER, &options->rate, .argument = "RATE", .least = 0, .most = 1000,
         .help = "requests a second, shared by all that use the key (4; 0: no limit)"},
        {"jobs", 'j', OPTION_COUNT, &options->jobs, .argument = "JOBS", .least = 1, .most = 256,
         .help = "requests in flight at the most (32)"},
        {"overrides", '\0', OPTION_FLAG, &options->overrides,
         .help = "leave alone fields that have a custom field override_<field>"},
        {"deadline", '\0', OPTION_NUMBER, &options->deadline, .argument = "SECONDS", .least = 0.001,
         .most = 1e9, .help = "start nothing after that; the rest is deferred, status 75"},
        {"verbose", 'v', OPTION_FLAG, &options->verbose, .help = "tell of every request on stderr"},
        {.name = NULL},
    };
    memcpy(lines, made, sizeof made);
}
