#!/usr/bin/env bash
# Makes the prebuilt files that stand beside their sources here, so that the tests run where no cross compiler is installed.
# Needs gcc and binutils for aarch64-linux-gnu, clang and ld.lld.
set -euo pipefail
cd "$(dirname "$0")"
common=(-ffreestanding -nostdlib -mgeneral-regs-only -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-stack-protector -mbranch-protection=bti)
gcc=(aarch64-linux-gnu-gcc "${common[@]}")
clang=(clang -target aarch64-linux-gnu "${common[@]}")
ld=(aarch64-linux-gnu-ld -z max-page-size=4096 --build-id=none)

for source in first second; do
  "${gcc[@]}" -Os -fcommon -fno-pic -c "$source.c" -o "$source-gcc.o"
  "${clang[@]}" -O2 -fcommon -fno-pic -c "$source.c" -o "$source-clang.o"
done
for compiler in gcc clang; do
  "${ld[@]}" -static -T layout.ld "first-$compiler.o" "second-$compiler.o" -o "static-$compiler.elf"
done
# Without a script of ours, as most programs are linked.
"${ld[@]}" -static first-gcc.o second-gcc.o -o default.elf

"${gcc[@]}" -O2 -fno-pic -c static-calls.c -o static-calls.o

"${gcc[@]}" -O2 -fPIE -static-pie -Wl,-z,max-page-size=4096,--build-id=none pie.c -o pie-rela.elf
"${clang[@]}" -O2 -fPIE -c pie.c -o pie.o
ld.lld -pie --no-dynamic-linker --pack-dyn-relocs=relr -z max-page-size=4096 pie.o -o pie-relr.elf
rm pie.o

"${gcc[@]}" -O2 -fPIC -shared -Wl,-z,max-page-size=4096,--build-id=none dynamic.c -o dynamic.elf

aarch64-linux-gnu-as relocations.s -o relocations.o
"${ld[@]}" -static -T layout.ld --defsym outside=0x1000000 relocations.o -o relocations.elf
for number in 1 2; do
  aarch64-linux-gnu-as --defsym NUMBER=$number comdat.s -o comdat-$number.o
done
