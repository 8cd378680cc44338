BEGIN { FS = ","; seed = 1 }
NR == 1 { next }
{ n[$2]++; s[$2] += $3; if ($3 > m) { m = $3; who = $1 } if ($1 ~ /^[aeiou]/) vow++ }
END {
  k = 0; for (d in n) name[++k] = d
  for (i = 2; i <= k; i++) { x = name[i]; for (j = i - 1; j > 0 && name[j] > x; j--) name[j + 1] = name[j]; name[j + 1] = x }
  for (i = 1; i <= k; i++) printf "%-8s %4d %10.3f\n", name[i], n[name[i]], s[name[i]] / n[name[i]]
  print who, m, vow, NR
  t = "the cat sat on the mat"; print gsub(/at/, "<&>", t), t, toupper(substr(t, 5, 3)), index(t, "sat"), split(t, parts, " ")
  printf "%x %o %e %5.2f%%|%-6s|%06d\n", 255, 8, 12345.678, 99.5, "ab", 42
}
