/*
 * Counts a CSV file's fields with libcsv: what parsing alone takes.
 * usage: parse FILE
 */
#include <csv.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

static void count(void *bytes, size_t length, void *fields)
{
    (void)bytes;
    (void)length;
    ++*(size_t *)fields;
}

int main(int argc, char **argv)
{
    int file = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    struct stat about;
    if (file < 0 || fstat(file, &about) != 0 || about.st_size == 0)
        return 74;
    size_t size = (size_t)about.st_size;
    const char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED)
        return 74;
    struct csv_parser parser;
    size_t fields = 0;
    bool good = csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) == 0 &&
                csv_parse(&parser, bytes, size, count, NULL, &fields) == size &&
                csv_fini(&parser, count, NULL, &fields) == 0;
    csv_free(&parser);
    (void)printf("%zu\n", fields);
    return good ? 0 : 65;
}
