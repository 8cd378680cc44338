typedef unsigned char u8; typedef unsigned short u16; typedef unsigned long u32;
#define PORTB (*(volatile u8 *)0x25)
#define DDRB  (*(volatile u8 *)0x24)
static u16 crc16(const u8 *p, u16 n) {
  u16 c = 0xffff;
  while (n--) { c ^= *p++; for (u8 i = 0; i < 8; i++) c = (c & 1) ? (c >> 1) ^ 0xa001 : c >> 1; }
  return c;
}
struct task { u8 id; u16 period; u16 left; void (*run)(u8); };
static void toggle(u8 id) { PORTB ^= (u8)(1u << (id & 7)); }
static struct task tasks[4] = { {0, 500, 500, toggle}, {1, 250, 250, toggle}, {2, 125, 125, toggle}, {5, 10, 10, toggle} };
static u32 isqrt(u32 n) { u32 r = 0, b = 1ul << 30; while (b > n) b >>= 2; while (b) { if (n >= r + b) { n -= r + b; r = (r >> 1) + b; } else r >>= 1; b >>= 2; } return r; }
static float filter(float x, float *state) { return *state += 0.125f * (x - *state); }
int main(void) {
  float s = 0; DDRB = 0x3f;
  for (u16 tick = 0;; tick++) {
    for (u8 i = 0; i < 4; i++) if (--tasks[i].left == 0) { tasks[i].left = tasks[i].period; tasks[i].run(tasks[i].id); }
    if (crc16((const u8 *)tasks, sizeof tasks) == 0x1234) PORTB = (u8)isqrt(tick);
    if (filter((float)tick, &s) > 1000.0f) s = 0;
  }
}
