#!/bin/sh
# Builds the host for a Cortex-M4, runs it in QEMU, checks its output and exit code, and prints
# its size. See README.md for what must be installed.
set -eu
cd "$(dirname "$0")"

RUSTC=${RUSTC:-/usr/bin/rustc} RUSTC_BOOTSTRAP=1 cargo build --release --locked \
    -Zbuild-std=core,alloc -Zbuild-std-features=optimize_for_size --target thumbv7em-none-eabi
program=${CARGO_TARGET_DIR:-target}/thumbv7em-none-eabi/release/tierra-micro

# What the machine prints before the first line of ours, it ends with a carriage return.
code=0
output=$(timeout 60 qemu-system-arm -M mps2-an386 -cpu cortex-m4 -nographic \
    -semihosting-config enable=on,target=native -kernel "$program" </dev/null) || code=$?
printf '%s\n' "$output"

failed=0
if [ "$code" -ne 168 ]; then
    echo "exit code $code instead of 168, the guest's result" >&2
    failed=1
fi
if ! printf '%s\n' "$output" | grep -v '^heap: ' | diff -u expected.txt -; then
    echo "the output differs from expected.txt" >&2
    failed=1
fi

# Flash: code, read-only data, initial values of data. Memory: data and what starts as zero.
size -A "$program" | awk '
    $1 ~ /^\.(text|rodata|data)$/ { flash += $2 }
    $1 ~ /^\.(data|bss)$/ { memory += $2 }
    { size[$1] = $2 }
    END {
        printf "flash: %d bytes (text %d, rodata %d); memory: %d bytes and the stack\n",
            flash, size[".text"], size[".rodata"], memory
    }'
exit $failed
