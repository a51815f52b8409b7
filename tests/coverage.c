/*
 * Linked into what make coverage builds (--wrap): what a program did is counted also where it ends
 * by _exit, or by a signal that it sends itself.
 */
#include <gcov.h>

void __real__exit(int status) __attribute__((noreturn));
int __real_raise(int number);
void __wrap__exit(int status) __attribute__((noreturn));
int __wrap_raise(int number);

void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}

int __wrap_raise(int number)
{
    __gcov_dump();
    return __real_raise(number);
}
