#include "send/options.h"

#include "base/cli.h"

#include <getopt.h>

enum { OVERRIDES = 256, DEADLINE, PRINT_MAP, PRINT_COLUMNS, PRINT_DIGEST, CHECK };

static const struct option LONG_OPTIONS[] = {
    {"dry-run", no_argument, NULL, 'n'},
    {"map", required_argument, NULL, 'm'},
    {"rate", required_argument, NULL, 'r'},
    {"jobs", required_argument, NULL, 'j'},
    {"overrides", no_argument, NULL, OVERRIDES},
    {"deadline", required_argument, NULL, DEADLINE},
    {"verbose", no_argument, NULL, 'v'},
    {"print-map", no_argument, NULL, PRINT_MAP},
    {"print-columns", no_argument, NULL, PRINT_COLUMNS},
    {"print-digest", no_argument, NULL, PRINT_DIGEST},
    {"check", no_argument, NULL, CHECK},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

/* A number in [least, most]; says what is wrong otherwise. */
static bool read_number(const char *program, const char *option, double least, double most,
                        double *number)
{
    if (cli_number(optarg, least, most, number))
        return true;
    cli_warn(program, "%s takes a number from %g to %g, not \"%s\"", option, least, most, optarg);
    return false;
}

/* One option; false when its argument is wrong or it is none. */
static bool read_option(const char *program, int letter, struct sender_options *options,
                        enum sender_action *action)
{
    double number;
    switch (letter) {
    case 'n':
        options->dry_run = true;
        return true;
    case 'm':
        options->map = optarg;
        return true;
    case 'r':
        return read_number(program, "--rate", 0, 1000, &options->rate);
    case 'j':
        if (!read_number(program, "--jobs", 1, 256, &number))
            return false;
        if (number != (unsigned)number) {
            cli_warn(program, "--jobs takes a whole number, not \"%s\"", optarg);
            return false;
        }
        options->jobs = (unsigned)number;
        return true;
    case OVERRIDES:
        options->overrides = true;
        return true;
    case DEADLINE:
        return read_number(program, "--deadline", 0.001, 1e9, &options->deadline);
    case 'v':
        options->verbose = true;
        return true;
    case 'h':
    case 'V':
        *action = letter == 'h' ? SENDER_HELP : SENDER_VERSION;
        return true;
    case PRINT_MAP:
    case PRINT_COLUMNS:
    case PRINT_DIGEST:
    case CHECK:
        *action = (enum sender_action)(SENDER_PRINT_MAP + (letter - PRINT_MAP));
        return true;
    default:
        return false;
    }
}

enum sender_action sender_options_read(const char *program, int argc, char **argv,
                                       struct sender_options *options)
{
    *options = (struct sender_options){.rate = 4, .jobs = 32};
    enum sender_action action = SENDER_RUN;
    int letter;
    while ((letter = getopt_long(argc, argv, "nm:r:j:vhV", LONG_OPTIONS, NULL)) != -1)
        if (!read_option(program, letter, options, &action))
            return SENDER_WRONG;
    if (optind < argc)
        options->file = argv[optind++];
    if (optind < argc) {
        cli_warn(program, "one FILE at the most; \"%s\" is one too many", argv[optind]);
        return SENDER_WRONG;
    }
    return action;
}

void sender_options_help(FILE *stream)
{
    (void)fputs(
        "  -n, --dry-run         send nothing; write the requests as results\n"
        "  -m, --map MAP         the field map (JSON); else $AN_FIELD_MAP or the built-in one\n"
        "  -r, --rate RATE       requests a second, shared by all that use the key (4; 0: no "
        "limit)\n"
        "  -j, --jobs JOBS       requests in flight at the most (32)\n"
        "      --overrides       leave alone fields that have a custom field override_<field>\n"
        "      --deadline SECONDS  start nothing after that; the rest is deferred, status 75\n"
        "  -v, --verbose         tell of every request on stderr\n"
        "  -h, --help            this text\n"
        "  -V, --version         the version\n",
        stream);
}
