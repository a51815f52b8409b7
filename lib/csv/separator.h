/*
 * What separates the columns where commas do not, as spreadsheets of other countries have it: so
 * that whoever sends such a file is told what is wrong with it.
 */
#ifndef CSV_SEPARATOR_H
#define CSV_SEPARATOR_H

#include <stddef.h>

/* The length of the line "sep=,", in bytes without its line end, by which Excel is told what
 * separates the columns; 0 when the text does not begin with one, and then `*separator` is '\0'. */
size_t csv_separator_line(const char *bytes, size_t length, char *separator);

/* What separates the columns of the first row more often than commas do; '\0' when nothing does. */
char csv_separator_guess(const char *bytes, size_t length);

/* Its name for people, in the plural. */
const char *csv_separator_name(char separator);

#endif
