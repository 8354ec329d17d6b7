#!/usr/bin/env bash
# Fuzzes the readers of untrusted input with libFuzzer: the CSV reader, the workbook reader, JSON
# bodies and the upload's form, each for FUZZ_SECONDS (60), or only the named ones: csv, workbook,
# json_body, form. Findings are in fuzz/artifacts, and the corpus in fuzz/corpus, in addition to the
# hostile files of the tests. Neither nightly Rust nor cargo-fuzz is needed, since the stable
# compiler contains the coverage pass of LLVM, but a C++ compiler is.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-$HOME/.cache/accunode/target}/fuzz"
host=$(rustc -vV | sed -n 's/^host: //p')

# With an explicit target, the flags do not apply to build scripts.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Ccodegen-units=1" \
  cargo build --manifest-path fuzz/Cargo.toml --release --target "$host" --target-dir "$target"

mkdir -p fuzz/artifacts fuzz/corpus/{csv,workbook,json_body,form}
# The first byte selects the format: see crates/files/src/fuzzing.rs.
for file in tests/hostile/*.csv tests/hostile/*.csv.gz tests/hostile/*.xlsx; do
  case $file in
    *.csv) kind='\000' folder=csv ;;
    *.csv.gz) kind='\001' folder=csv ;;
    *) kind='\002' folder=workbook ;;
  esac
  { printf "$kind"; cat "$file"; } >"fuzz/corpus/$folder/$(basename "$file")"
done
printf '{"items": [{"company": {"symbol": "A"}, "reporting_year": "2024", "ratios": {"return_on_assets": 0.05}}]}' \
  >fuzz/corpus/json_body/batch
printf '{"symbol": "ACME", "isin": "US0378331005", "market_cap": 1.5e9}' >fuzz/corpus/json_body/company
printf 'form-data; name="file"; filename="=?utf-8?B?YS5jc3Y=?="\0net_income_margin:percent' >fuzz/corpus/form/part

[ $# -gt 0 ] || set -- csv workbook json_body form
for what in "$@"; do
  case $what in
    csv | workbook) program=parse_upload ;;
    *) program=$what ;;
  esac
  echo "== $what"
  "$target/$host/release/$program" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=20 \
    -rss_limit_mb=1024 -max_len=200000 -artifact_prefix="fuzz/artifacts/$what-" "fuzz/corpus/$what"
done
