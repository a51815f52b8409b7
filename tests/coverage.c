/*
 * Linked into what make coverage builds (--wrap): what a program did is counted also where it ends
 * by _exit, or by a signal that it sends itself. What the counting asks for is none of the
 * program's calls: tests/torture/fail.c is told when it begins.
 */
#include <dlfcn.h>
#include <gcov.h>
#include <stddef.h>

void __real__exit(int status) __attribute__((noreturn));
int __real_raise(int number);
void __wrap__exit(int status) __attribute__((noreturn));
int __wrap_raise(int number);

__attribute__((destructor)) static void end_torture(void)
{
    void (*over)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "torture_is_over");
    if (over != NULL)
        over();
}

static void count(void)
{
    end_torture();
    __gcov_dump();
}

void __wrap__exit(int status)
{
    count();
    __real__exit(status);
}

int __wrap_raise(int number)
{
    count();
    return __real_raise(number);
}
