/* Declarations that wasi-libc's headers leave out: `-include` this. */
#include <stdio.h>
#include <sys/types.h>
int system(const char *c);
char *tmpnam(char *s);
FILE *tmpfile(void);
int chmod(const char *p, mode_t m);
int fchmod(int f, mode_t m);
int chown(const char *p, uid_t u, gid_t g);
mode_t umask(mode_t m);
int mkfifo(const char *p, mode_t m);
