/* What wasi-libc leaves out and the programs of docs/programs.md name: every call fails or does nothing. */
#include <stdio.h>
#include <sys/types.h>
#define GAP __attribute__((weak))
GAP int system(const char *c) { (void)c; return -1; }
GAP char *tmpnam(char *s) { static char b[] = "/tmp/lua_tmp"; (void)s; return b; }
GAP FILE *tmpfile(void) { return 0; }
GAP int chmod(const char *p, mode_t m) { (void)p; (void)m; return 0; }
GAP int fchmod(int f, mode_t m) { (void)f; (void)m; return 0; }
GAP int chown(const char *p, uid_t u, gid_t g) { (void)p; (void)u; (void)g; return 0; }
GAP mode_t umask(mode_t m) { return m; }
GAP int mkfifo(const char *p, mode_t m) { (void)p; (void)m; return -1; }
