import hashlib, json, re, sys, collections, itertools, functools, random, datetime, decimal, fractions, struct, zlib, base64, math, textwrap, os, statistics
print(sys.version.split()[0], sys.platform)
data = {"name": "tierra", "nums": [1, 2.5, None, True], "nested": {"k": "v\u00e9\n"}}
s = json.dumps(data, sort_keys=True)
print(s, json.loads(s) == data)
text = ("the quick brown fox jumps over the lazy dog " * 200).strip()
words = collections.Counter(re.findall(r"\b(\w+)\b", text))
print(sorted(words.items())[:4], len(re.sub(r"[aeiou]", "", text)))
print(re.match(r"(?P<y>\d{4})-(?P<m>\d\d)", "2026-11-22").groupdict())
for n in ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256"):
    print(n, hashlib.new(n, text.encode()).hexdigest()[:32])
print(zlib.crc32(text.encode()) if hasattr(zlib, "crc32") else None, len(zlib.compress(text.encode(), 9)))
print(base64.b64encode(struct.pack("<IhBdq", 7, -2, 255, math.pi, -2**40)).decode())
random.seed(42)
xs = [random.random() for _ in range(2000)]
print("%.12f %.12f" % (statistics.mean(xs), statistics.pstdev(xs)))
print(decimal.getcontext().prec, decimal.Decimal(2).sqrt(), fractions.Fraction(355, 113) - fractions.Fraction(22, 7))
print(datetime.date(2026, 11, 22).isoformat(), datetime.timedelta(days=3, seconds=7))
print(math.factorial(60), 3 ** 200 % 10**20)
@functools.lru_cache(None)
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
[fib(i) for i in range(0, 151, 10)]
print(fib(150), list(itertools.islice(itertools.permutations("abc"), 4)))
def gen(n):
    try:
        for i in range(n): yield i * i
    finally:
        print("closed")
g = gen(10); print(next(g), next(g), next(g)); g.close()
try:
    {}["missing"]
except KeyError as e:
    print("KeyError", e)
class Node:
    __slots__ = ("v", "l", "r")
    def __init__(self, v): self.v, self.l, self.r = v, None, None
def insert(t, v):
    if t is None: return Node(v)
    if v < t.v: t.l = insert(t.l, v)
    else: t.r = insert(t.r, v)
    return t
def walk(t): 
    if t: yield from walk(t.l); yield t.v; yield from walk(t.r)
root = None
for x in xs: root = insert(root, x)
print(list(walk(root)) == sorted(xs))
sieve = bytearray([1]) * 50000; sieve[0:2] = b"\0\0"
for i in range(2, 224):
    if sieve[i]: sieve[i*i::i] = bytes(len(sieve[i*i::i]))
print(sum(sieve))
try:
    import sqlite3
    db = sqlite3.connect(":memory:"); db.execute("create table t(a,b)")
    db.executemany("insert into t values(?,?)", [(i, str(i) * 3) for i in range(500)])
    print(db.execute("select count(*),sum(a),max(b) from t where a%7=3").fetchone(), sqlite3.sqlite_version)
except ImportError as e:
    print("sqlite3:", e)
with open("out.txt", "w") as f: f.write("hello\n" * 3)
print(os.path.getsize("out.txt"), open("out.txt").read().split()); os.remove("out.txt")
print(textwrap.fill("The engine compiles what it runs and runs what it compiles.", 30))
