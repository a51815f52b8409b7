/*
 * What spreadsheets, databases and programs make of a value that they write into a cell: undone
 * where that is certain.
 */
#ifndef CELL_H
#define CELL_H

#include <stdbool.h>
#include <stddef.h>

/* Takes off the formula that a spreadsheet puts around a text, ="02139". */
void cell_take_formula(const char **text, size_t *length);

/* Takes off the apostrophe that marks a text which looks like a number, '02139, and one at the end.
 */
void cell_take_apostrophe(const char **text, size_t *length);

/* Whether this is ".0", or with more zeros: what is behind the digits of a number that a program
 * took for one. */
bool cell_is_fraction(const char *text, size_t length);

/* Whether it is what a database, a spreadsheet or a program writes for nothing, or for want of
 * room, ####. To the letter: Null is a surname. */
bool cell_is_nothing(const char *text, size_t length);

/* Whether it says something: it is not nothing, and has a letter or a digit. */
bool cell_says_something(const char *text, size_t length);

enum { CELL_NUMBER = 24 }; /* bytes; longer ones are no numbers */

/* How many digits the text begins with. */
size_t cell_digits(const char *text, size_t length);

/* Copies the digits at the beginning, CELL_NUMBER at the most, without the commas between
 * thousands. Returns how many bytes they take; `*count` is how many digits they are. */
size_t cell_whole(const char *text, size_t length, char number[CELL_NUMBER], size_t *count);

/* Writes what somebody is recognised by: without blanks, formula and apostrophe, and a number as
 * its digits alone, whether it was 1234501.0, 1,234,501, 0001234501 or 1.234501E+06. Empty is what
 * recognises nobody: nothing, a text for nothing, zero, or a number that has lost digits, 1.23E+06.
 * Afterwards `*text` may point into `number`. */
void cell_identity(const char **text, size_t *length, char number[CELL_NUMBER]);

#endif
