print(_VERSION, math.type(3), math.type(3.0), 7 // 2, 7 / 2, 2^10, 1 << 40, string.format("%.14g %x %q", math.pi, 255, "a\nb"))
local ok, err = pcall(error, { code = 42 }); print(ok, type(err), err.code)
print(pcall(function() local t = nil; return t.x end))
print(select(2, xpcall(function() error("deep") end, function(m) return "handled: " .. m end)))
local function thrower(n) if n == 0 then error("bottom", 0) end return thrower(n - 1) + 1 end
local caught = 0; for i = 1, 2000 do if not pcall(thrower, i % 50) then caught = caught + 1 end end; print("caught", caught)
local co = coroutine.wrap(function(a) for i = 1, 3 do a = coroutine.yield(a * i) end return "done" end)
print(co(10), co(20), co(30), co(1))
local bad = coroutine.create(function() error("in coroutine") end); print(coroutine.resume(bad))
local t = {}; for i = 1, 1000 do t[i] = (i * 7919) % 1009 end; table.sort(t); print(t[1], t[500], t[1000], #t)
print(("the quick brown fox"):gsub("(%w+)", function(w) return w:sub(1, 1):upper() .. w:sub(2) end))
for k, v in string.gmatch("a=1, b=2, c=3", "(%w+)=(%w+)") do io.write(k, ":", v, " ") end print()
local Point = {}; Point.__index = Point; Point.__add = function(a, b) return setmetatable({ x = a.x + b.x }, Point) end; Point.__tostring = function(p) return "P(" .. p.x .. ")" end
print(tostring(setmetatable({ x = 1 }, Point) + setmetatable({ x = 2 }, Point)))
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end print(fib(24))
local s = 0; for i = 1, 200000 do s = s + i % 7 * 0.5 end print(s)
goto fin
print("skipped")
::fin::
do local c <close> = setmetatable({}, { __close = function() print("closed") end }) end
print(load("return 1 +")) print(load("return ...", "chunk")(5))
print(utf8.char(228, 8364, 128512), utf8.len("äß€"), string.pack("<i4", -2):byte(1, -1))
os.exit(3)
