const fmt = (x) => JSON.stringify(x);
console.log(fmt({ a: [1, 2.5, null, "é\n"], b: new Map([[1, 2]]).size }));
class A { #x = 1; static s = "st"; get x() { return this.#x; } set x(v) { this.#x = v; } *[Symbol.iterator]() { for (let i = 0; i < 4; i++) yield i * this.#x; } }
const a = new A(); a.x = 7; console.log([...a].join(), A.s);
console.log("2026-11-22 tierra".replace(/(?<y>\d{4})-(?<m>\d\d)-(\d\d)/u, "$<m>/$3/$<y>"), /^[\p{L}]+$/u.test("Überschrift"));
console.log((2n ** 200n % 10n ** 30n).toString(), (0.1 + 0.2).toFixed(17), Number.MAX_SAFE_INTEGER);
try { null.x; } catch (e) { console.log(e instanceof TypeError, e.name); }
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
console.log(fib(22));
const sieve = new Uint8Array(100000); let count = 0;
for (let i = 2; i < sieve.length; i++) { if (!sieve[i]) { count++; for (let j = i * 2; j < sieve.length; j += i) sieve[j] = 1; } }
console.log(count);
const words = "the quick brown fox jumps over the lazy dog the end".split(" ").reduce((m, w) => m.set(w, (m.get(w) ?? 0) + 1), new Map());
console.log([...words].sort(([p, q], [r, s]) => s - q || (p < r ? -1 : 1)).slice(0, 3).map(String).join(" "));
let seed = 12345; const rnd = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
const xs = Array.from({ length: 5000 }, rnd).sort((p, q) => p - q); console.log(xs[0].toFixed(9), xs[2500].toFixed(9), xs.at(-1).toFixed(9));
const proxy = new Proxy({}, { get: (_, k) => `got ${String(k)}` }); console.log(proxy.foo);
(async () => { const r = await Promise.all([1, 2, 3].map(async (x) => { await null; return x * 10; })); console.log(r.join("+")); try { await Promise.reject(new Error("no")); } catch (e) { console.log("caught", e.message); } })();
const t = Math.hypot(3, 4) + Math.atan2(1, 1) * 4; console.log(t.toPrecision(15), [3, 1, 2].toSorted?.().join(""));
