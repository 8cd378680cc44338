/* primes-threads: counts primes on several threads, with nothing but WASI, wasi-threads and wasm atomics.
 *
 *   primes-threads [LIMIT [THREADS]]      default: 10000000 4
 *
 * Every thread is its own instance of this module over one shared memory. The host's `thread-spawn` starts an
 * instance and calls its `wasi_thread_start`, which first gives the thread a stack of its own (the stack pointer
 * is a global, so each instance has one). Threads take segments of numbers from an atomic counter, sieve them,
 * and add what they find under a lock; the main thread sleeps until the last one is done.
 */
typedef unsigned char u8;
typedef unsigned int u32;

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(name)))
typedef struct { const void *p; u32 n; } IoVec;
WASI("fd_write") int fd_write(int fd, const IoVec *v, u32 count, u32 *written);
WASI("args_sizes_get") int args_sizes_get(u32 *count, u32 *bytes);
WASI("args_get") int args_get(char **argv, char *text);
WASI("proc_exit") _Noreturn void proc_exit(int code);
__attribute__((import_module("wasi"), import_name("thread-spawn"))) int thread_spawn(void *start);

enum { MAX_THREADS = 64, SEGMENT = 32 * 1024, STACK = SEGMENT + 16 * 1024 };

typedef struct { void *stack_top; u32 found; } Thread;
static Thread threads[MAX_THREADS];
static _Alignas(16) u8 stacks[MAX_THREADS][STACK];

static u32 limit, small_count, small_primes[6542]; /* all primes below 65536 */
static u32 next_segment, running, lock, total;

/* ---- waiting ---- */

static void wait_while(u32 *at, u32 value) { __builtin_wasm_memory_atomic_wait32((int *)at, (int)value, -1); }
static void wake(u32 *at, u32 count) { __builtin_wasm_memory_atomic_notify((int *)at, count); }

static void acquire(u32 *l) { /* 0 free, 1 held, 2 held and awaited */
    u32 was = 0;
    if (__atomic_compare_exchange_n(l, &was, 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return;
    while (__atomic_exchange_n(l, 2, __ATOMIC_SEQ_CST) != 0) wait_while(l, 2);
}
static void release(u32 *l) {
    if (__atomic_exchange_n(l, 0, __ATOMIC_SEQ_CST) == 2) wake(l, 1);
}

/* ---- work ---- */

static void find_small_primes(void) {
    u8 *composite = stacks[0]; /* no thread uses it yet */
    u32 n = 0;
    _Static_assert(STACK >= 32768, "one byte for every odd number below 65536");
    for (u32 i = 0; i < 32768; i++) composite[i] = 0;
    small_primes[n++] = 2;
    for (u32 p = 3; p < 65536; p += 2) {
        if (composite[p / 2]) continue;
        small_primes[n++] = p;
        for (u32 q = p; q < 65536 / p; q += 2) composite[p * q / 2] = 1;
    }
    small_count = n;
}
static u32 sieve(u32 from, u32 to) { /* primes in from..to; at most SEGMENT numbers */
    u8 composite[SEGMENT];
    u32 n = to - from, found = 0;
    for (u32 i = 0; i < n; i++) composite[i] = 0;
    for (u32 k = 0; k < small_count; k++) {
        u32 p = small_primes[k];
        if (p > (to - 1) / p) break;
        u32 first = (from + p - 1) / p;
        for (u32 i = (first < p ? p : first) * p - from; i < n; i += p) composite[i] = 1;
    }
    for (u32 i = from < 2 ? 2 - from : 0; i < n; i++) found += !composite[i];
    return found;
}
static __attribute__((noinline)) void work(Thread *self) {
    for (;;) {
        u32 segment = __atomic_fetch_add(&next_segment, 1, __ATOMIC_SEQ_CST);
        if (segment > (limit - 1) / SEGMENT) break;
        u32 from = segment * SEGMENT;
        self->found += sieve(from, limit - from < SEGMENT ? limit : from + SEGMENT);
    }
    acquire(&lock);
    total += self->found;
    release(&lock);
    if (__atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST) == 0) wake(&running, 1);
}

/* The entry that the host calls in a new instance. It has no frame of its own, so it may change stacks. */
__attribute__((export_name("wasi_thread_start"))) void wasi_thread_start(int id, Thread *self) {
    (void)id;
    __asm__ volatile(".globaltype __stack_pointer, i32\n\tlocal.get %0\n\tglobal.set __stack_pointer" : : "r"(self->stack_top));
    work(self);
}

/* ---- the command ---- */

static char line[128];
static u32 line_length;
static void text(const char *s) { while (*s) line[line_length++] = *s++; }
static void number(u32 n) {
    if (n >= 10) number(n / 10);
    line[line_length++] = (char)('0' + n % 10);
}
static void print(int fd) {
    IoVec v = { line, line_length };
    u32 written;
    fd_write(fd, &v, 1, &written);
    line_length = 0;
}
static u32 parse(const char *s, u32 most) {
    u32 n = 0;
    for (; *s >= '0' && *s <= '9' && n <= 400000000; s++) n = n * 10 + (u32)(*s - '0');
    if (*s || n == 0 || n > most) { text("usage: primes-threads [LIMIT [THREADS]]\n"), print(2), proc_exit(64); }
    return n;
}
__attribute__((export_name("_start"))) void start(void) {
    static char *argv[4], arguments[256];
    u32 argc = 0, bytes = 0;
    args_sizes_get(&argc, &bytes);
    if (argc > 3 || bytes > sizeof arguments || args_get(argv, arguments)) argc = 0;
    limit = argc > 1 ? parse(argv[1], 4000000000u) : 10000000;
    u32 count = argc > 2 ? parse(argv[2], MAX_THREADS) : 4;

    find_small_primes();
    __atomic_store_n(&running, count, __ATOMIC_SEQ_CST);
    for (u32 i = 0; i < count; i++) {
        threads[i].stack_top = stacks[i] + STACK;
        if (thread_spawn(&threads[i]) < 0) { text("primes-threads: the host starts no thread\n"), print(2), proc_exit(71); }
    }
    for (u32 left; (left = __atomic_load_n(&running, __ATOMIC_SEQ_CST)) != 0;) wait_while(&running, left);

    u32 sum = 0;
    for (u32 i = 0; i < count; i++) sum += threads[i].found;
    number(total), text(" primes below "), number(limit), text(", found by "), number(count), text(count == 1 ? " thread\n" : " threads\n");
    print(1);
    if (sum != total) { text("primes-threads: a count was lost\n"), print(2), proc_exit(70); }
}
