$stdout.sync = true
require "json"; require "set"; require "digest"; require "time"; require "erb"; require "ostruct"; require "strscan"
puts RUBY_VERSION, RUBY_PLATFORM
puts JSON.generate({ "a" => [1, 2.5, nil, true], "b" => { "c" => "é\n" } }), JSON.parse('{"x":[1,{"y":2}]}').inspect
words = "the quick brown fox jumps over the lazy dog the end".split
puts words.tally.sort_by { |w, n| [-n, w] }.first(3).inspect, words.group_by(&:size).transform_values(&:count).inspect
puts Digest::SHA256.hexdigest("tierra"), Digest::MD5.hexdigest("tierra")
begin; Integer("zz"); rescue ArgumentError => e; puts "rescued: #{e.message}"; ensure puts "ensure"; end
def risky(n) = n.zero? ? raise(KeyError, "bottom") : risky(n - 1)
puts((begin risky(40) rescue $!.message end), catch(:done) { 10.times { |i| throw :done, i if i == 7 } })
Point = Struct.new(:x, :y) { def +(o) = Point.new(x + o.x, y + o.y) }
p Point.new(1, 2) + Point.new(3, 4), (1..Float::INFINITY).lazy.select(&:even?).map { _1 ** 2 }.first(4)
f = Fiber.new { |x| 3.times { |i| x = Fiber.yield(x * i) }; :fin } rescue nil
case { name: "tierra", tags: [1, [2, 3]] }
in { name: String => nm, tags: [Integer => a, [b, *]] } then puts "#{nm} #{a} #{b}"
end
puts 2**200 % 10**30, 10.digits.inspect, 1.0.next_float, (0.1r + 0.2r), Complex(1, 2) * Complex(3, 4), 255.to_s(2)
puts "2026-11-22".match(/(?<y>\d+)-(?<m>\d+)/).named_captures.inspect, "hello world".gsub(/o(?=r)/) { |m| m.upcase }, "ß".upcase, "%08.3f|%-5s|%+d" % [3.14159, "ab", 5]
def fib(n) = n < 2 ? n : fib(n - 1) + fib(n - 2)
puts fib(20), (1..3000).select { |n| n > 1 && (2..Math.sqrt(n)).none? { n % _1 == 0 } }.size
puts ERB.new("<% 3.times do |i| %>[<%= i * i %>]<% end %>").result, Set[3, 1, 2].sort.inspect, Time.at(0).utc.iso8601
ObjectSpace.garbage_collect; puts Array.new(20000) { |i| (i * 7919) % 10007 }.sort.each_slice(4000).map(&:first).inspect
s = StringScanner.new("k1=v1;k2=v2"); h = {}; h[s[1]] = s[2] while s.scan(/(\w+)=(\w+);?/); p h
puts [3, 1, 2].sort.then { |a| a.sum.fdiv(a.size) }, "done".frozen?.to_s, :sym.to_proc.call("x") rescue puts "NoMethodError ok"
