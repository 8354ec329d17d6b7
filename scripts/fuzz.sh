#!/usr/bin/env bash
# Fuzzes the readers of uploaded files with libFuzzer, for FUZZ_SECONDS (60). What it finds
# lies in fuzz/artifacts; what it has learnt in fuzz/corpus, beside the hostile files of the
# tests. Neither nightly Rust nor cargo-fuzz is needed: coverage is a pass of LLVM that the
# stable compiler has, too. A C++ compiler is.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-$HOME/.cache/accunode/target}/fuzz"
host=$(rustc -vV | sed -n 's/^host: //p')

# With a target named, the flags do not reach build scripts.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Ccodegen-units=1" \
  cargo build --manifest-path fuzz/Cargo.toml --release --target "$host" --target-dir "$target"

mkdir -p fuzz/corpus fuzz/artifacts
# A first byte chooses the format: see crates/files/src/fuzzing.rs.
for file in tests/hostile/*.csv tests/hostile/*.csv.gz tests/hostile/*.xlsx; do
  case $file in
    *.csv) kind='\000' ;;
    *.csv.gz) kind='\001' ;;
    *) kind='\002' ;;
  esac
  { printf "$kind"; cat "$file"; } >"fuzz/corpus/$(basename "$file")"
done
exec "$target/$host/release/parse_upload" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=20 \
  -rss_limit_mb=1024 -max_len=200000 -artifact_prefix=fuzz/artifacts/ fuzz/corpus "$@"
