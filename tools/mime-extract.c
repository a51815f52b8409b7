/*
 * mime-extract: reads one mail and writes the CSV that is attached to it on standard output, or
 * what is in the mail as NDJSON. It touches nothing else.
 *
 * Nothing is written before everything is read, decoded and checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/confine.h"
#include "base/options.h"
#include "base/overflow.h"
#include "base/text.h"
#include "mail/check.h"
#include "mail/extract.h"
#include "mail/listing.h"
#include "mail/mail.h"

#define PROGRAM "mime-extract"

enum { MEBIBYTE = 1024 * 1024, LONGEST = 600 /* seconds; an honest mail takes one or two */ };

struct options {
    bool list;
    bool date;            /* nothing but when it is of, and its id */
    bool confined;        /* nothing but whether this program can be confined */
    bool archive;         /* the file is the export itself */
    struct buffer from;   /* a list with commas; no bytes: from anybody */
    const char *subject;  /* NULL: whatever it is about */
    const char *server;   /* who must have vouched for the mail; NULL: nobody */
    bool allow_forwards;  /* with `server`, look into mails in the mail, too */
    bool allow_automatic; /* with `server`, take mails that a program sent by itself */
    size_t max_size;      /* bytes */
    const char *file;     /* NULL or "-": standard input */
};

/* ---- input ---- */

/* The most that is read: base64 makes a third more of an attachment, and there is text beside it.
 */
static size_t input_limit(const struct options *options)
{
    size_t most = UINT32_MAX - MEBIBYTE;
    size_t limit = options->max_size < most / 2 ? options->max_size * 2 : most;
    return limit + MEBIBYTE;
}

static enum status read_input(const struct options *options, struct buffer *raw,
                              struct failure *failure)
{
    bool is_standard = options->file == NULL || strcmp(options->file, "-") == 0;
    int file = is_standard ? STDIN_FILENO : open(options->file, O_RDONLY | O_CLOEXEC);
    int error = file >= 0 ? buffer_read(raw, file) : errno;
    if (file >= 0 && !is_standard)
        (void)close(file);
    if (error == ENOMEM)
        return fail_memory(failure);
    if (error == EFBIG)
        return fail(failure, STATUS_DATA, "larger than %zu bytes, too large for --max-size",
                    raw->limit);
    return error == 0 ? STATUS_OK : fail(failure, STATUS_IO, "%s", strerror(error));
}

/* ---- what is asked besides ---- */

/* What of confining holds here. */
static enum status say_confined(void)
{
    int holds = confine_to_directory("/");
    if (holds == (CONFINED_CALLS | CONFINED_FILES)) {
        (void)puts("by seccomp and Landlock");
        return STATUS_OK;
    }
    (void)printf("not by %s: the kernel, a container or this build does without; all works\n",
                 holds == CONFINED_CALLS   ? "Landlock"
                 : holds == CONFINED_FILES ? "seccomp"
                                           : "seccomp and Landlock");
    return STATUS_SOME_FAILED;
}

/* ---- the run ---- */

static enum status check(const struct options *options, const struct mail *mail,
                         struct failure *failure)
{
    enum status status = STATUS_OK;
    if (options->from.bytes != NULL)
        status = mail_check_from(mail, options->from.bytes, failure);
    if (status == STATUS_OK && options->server != NULL)
        status =
            mail_check_authentication(mail, options->server, options->from.bytes != NULL, failure);
    if (status == STATUS_OK && options->server != NULL)
        status = mail_check_own_words(mail, options->allow_automatic, failure);
    if (status == STATUS_OK && options->subject != NULL)
        status = mail_check_subject(mail, options->subject, failure);
    return status;
}

/* Reads what is to be written: the CSV, or, for a list or a date, the mail alone. */
static enum status take(const struct options *options, struct buffer *raw, struct mail **mail,
                        struct buffer *csv, struct charset_warning *warning,
                        struct failure *failure)
{
    if (options->archive)
        return extract_from_file(raw, csv, warning, failure);
    enum status status = mail_parse(raw, mail, failure);
    if (status == STATUS_OK)
        status = check(options, *mail, failure);
    if (status != STATUS_OK || options->date)
        return status;
    status = mail_read_parts(*mail, options->server == NULL || options->allow_forwards, failure);
    if (status != STATUS_OK || options->list)
        return status;
    return extract_from_mail(*mail, csv, warning, failure);
}

static enum status write_result(const struct options *options, const struct mail *mail,
                                const struct buffer *csv, struct failure *failure)
{
    if (options->date)
        return mail_write_date(mail, STDOUT_FILENO, failure);
    if (options->list)
        return mail_list(mail, STDOUT_FILENO, failure);
    if (!write_all(STDOUT_FILENO, csv->bytes, csv->length))
        return fail(failure, STATUS_IO, "standard output: %s", strerror(errno));
    return STATUS_OK;
}

static enum status run(const struct options *options)
{
    struct failure failure = {.text = ""};
    struct buffer raw = {.limit = input_limit(options)};
    struct buffer csv = {.limit = options->max_size};
    struct mail *mail = NULL;
    struct charset_warning warning = {.text = ""};
    bool is_named = options->file != NULL && strcmp(options->file, "-") != 0;
    const char *name = is_named ? options->file : "standard input";
    enum status status = read_input(options, &raw, &failure);
    if (status == STATUS_OK) {
        mail_load();
        (void)confine_to_open_files();
        status = take(options, &raw, &mail, &csv, &warning, &failure);
    }
    if (status != STATUS_OK) {
        cli_warn(PROGRAM, "%s: %s", name, failure.text);
    } else {
        if (warning.text[0] != '\0')
            cli_warn(PROGRAM, "warning: %s: %s", name, warning.text);
        if (csv.length > 0 && options->server != NULL && mail_check_is_unscanned(mail))
            cli_warn(PROGRAM, "warning: %s: X-SES-Virus-Verdict says \"%s\": it was not scanned",
                     name, mail_facts(mail)->virus);
        status = write_result(options, mail, &csv, &failure);
        if (status != STATUS_OK)
            cli_warn(PROGRAM, "%s", failure.text);
    }
    mail_free(mail);
    buffer_free(&csv);
    buffer_free(&raw);
    return status;
}

/* ---- the command line ---- */

/* Adds to the list of senders. */
static enum status take_sender(void *into, const char *senders)
{
    struct buffer *from = into;
    if (senders[strspn(senders, ", \t")] == '\0')
        return STATUS_USAGE;
    return buffer_printf(from, "%s%s", from->length > 0 ? "," : "", senders) ? STATUS_OK
                                                                             : STATUS_IO;
}

/* "forwards", "automatic", or both with a comma between. */
static enum status take_allowed(void *into, const char *what)
{
    struct options *options = into;
    while (*what != '\0') {
        size_t length = strcspn(what, ",");
        if (length == 8 && memcmp(what, "forwards", 8) == 0)
            options->allow_forwards = true;
        else if (length == 9 && memcmp(what, "automatic", 9) == 0)
            options->allow_automatic = true;
        else
            return STATUS_USAGE;
        what += what[length] == ',' ? length + 1 : length;
    }
    return options->allow_forwards || options->allow_automatic ? STATUS_OK : STATUS_USAGE;
}

/* Whether an option was given that only a mail can answer. */
static bool reads_mail(const struct options *options)
{
    return options->list || options->date || options->allow_forwards || options->allow_automatic ||
           options->from.length > 0 || options->subject != NULL || options->server != NULL;
}

int main(int argc, char **argv)
{
    cli_start();
    overflow_ends(PROGRAM ": refused: it nests something too deeply\n", STATUS_DATA);
    endless_ends(LONGEST, PROGRAM ": refused: it takes too long to read\n", STATUS_DATA);
    struct options options = {.max_size = (size_t)256 * MEBIBYTE};
    const struct option_line lines[] = {
        {"list", 'l', OPTION_FLAG, &options.list,
         .help = "write what is in the mail, as NDJSON, instead of the CSV"},
        {"date", '\0', OPTION_FLAG, &options.date,
         .help = "write the mail's date and its id, a line each, instead of the CSV"},
        {"from", 'f', OPTION_TAKEN, &options.from, .argument = "FROM", .take = take_sender,
         .wants = "an address", .help = "refuse a mail that is not from this address, or @domain"},
        {"subject", 's', OPTION_TEXT, &options.subject, .argument = "SUBJECT", .wants = "a text",
         .help = "refuse a mail whose subject does not contain SUBJECT"},
        {"require-auth", '\0', OPTION_TEXT, &options.server, .argument = "SERVER",
         .absent = MAIL_CHECK_SES, .wants = "a server, or nothing",
         .help = "refuse a mail that SERVER (" MAIL_CHECK_SES ") did not authenticate"},
        {"allow", '\0', OPTION_TAKEN, &options, .argument = "WHAT", .take = take_allowed,
         .wants = "forwards, automatic, or both",
         .help = "with --require-auth, too: look into mails in the mail (forwards),\n"
                 "and take those that programs send by themselves (automatic)"},
        {"max-size", '\0', OPTION_TAKEN, &options.max_size, .argument = "BYTES",
         .take = options_take_size, .wants = "a number of bytes below 4G, such as 256M",
         .help = "refuse what is larger, unpacked (256M; suffixes K, M, G)"},
        {"archive", '\0', OPTION_FLAG, &options.archive,
         .help = "FILE is no mail but the export itself: CSV, ZIP, or gzip"},
        {"confined", '\0', OPTION_FLAG, &options.confined,
         .help = "say whether this machine lets programs be confined, and read nothing"},
        {.name = NULL},
    };
    const struct options_command command = {
        .name = PROGRAM,
        .usage = "usage: mime-extract [-l | --date] [-f FROM[,FROM...]] [-s SUBJECT] "
                 "[--require-auth[=SERVER]]\n"
                 "                    [--allow WHAT[,WHAT]] [--max-size BYTES] [FILE]\n"
                 "       mime-extract --archive [--max-size BYTES] [FILE]\n"
                 "       mime-extract --confined\n",
        .about =
            "Writes the CSV that is attached to the mail in FILE, or on standard input: bare, in "
            "a ZIP,\nor gzipped.\n",
        .lines = lines,
        .operands = "one file",
        .most = 1,
    };
    enum status status;
    if (options_read(&command, argc, argv, &status)) {
        options.file = argv[optind];
        status = options.archive && reads_mail(&options)
                     ? options_wrong(&command, "--archive reads no mail: of the options only "
                                               "--max-size goes with it")
                     : cli_finish(PROGRAM, options.confined ? say_confined() : run(&options));
    }
    buffer_free(&options.from);
    return (int)status;
}
