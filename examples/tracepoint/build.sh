#!/usr/bin/env bash
# build.sh FOLDER [FLAGS...]: compiles the example with gcc and clang for aarch64, those that are there, into
# kernel-gcc.o, module-gcc.o, kernel-clang.o and module-clang.o in FOLDER. FLAGS come after -O2.
# What prebuilt/ holds is the outcome of `build.sh prebuilt`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
flags=(-O2 -ffreestanding -fno-pic -mgeneral-regs-only -mbranch-protection=bti -fno-stack-protector
  -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-ident -Wall -Wextra -Werror "$@")
kernel=(static_call tracepoint scheduler)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# objects NAME COMPILER...: the kernel's three files joined to one relocatable object, and the module's.
objects() {
  local name=$1 source
  shift
  for source in "${kernel[@]}" module; do
    (cd "$here" && "$@" "${flags[@]}" -c "$source.c" -o "$work/$source.o")
  done
  (cd "$work" && aarch64-linux-gnu-ld -r "${kernel[@]/%/.o}" -o "$out/kernel-$name.o")
  cp "$work/module.o" "$out/module-$name.o"
}

has() { command -v "$1" >/dev/null; }
if has aarch64-linux-gnu-gcc && has aarch64-linux-gnu-ld; then objects gcc aarch64-linux-gnu-gcc; fi
if has clang && has aarch64-linux-gnu-ld; then objects clang clang -target aarch64-linux-gnu; fi
[ -e "$out/kernel-gcc.o" ] || [ -e "$out/kernel-clang.o" ] || {
  echo "$0: needs aarch64-linux-gnu-gcc or clang, and aarch64-linux-gnu-ld; prebuilt/ holds what they make" >&2
  exit 1
}
