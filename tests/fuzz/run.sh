#!/bin/sh
# Fuzz everything: `tests/fuzz/run.sh BUILD SECONDS [NAME…]`, each target for SECONDS, two at once.
# What was found lies in BUILD/found/, what was learnt in BUILD/corpus/; the last line counts the executions.
set -u
build=$1 seconds=$2
shift 2
here=$(dirname "$0")
seeds=$here/corpus
mkdir -p "$build/found" "$build/logs"
if [ $# -eq 0 ]; then
	for source in "$here"/fuzz_*.c; do
		set -- "$@" "$(basename "$source" .c)"
	done
fi

# fuzz NAME: a finding ends its target only.
fuzz() {
	mkdir -p "$build/corpus/$1"
	set -- "$1" "$build/corpus/$1"
	[ ! -d "$seeds/$1" ] || set -- "$@" "$seeds/$1"
	name=$1
	shift
	found=
	"$build/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$build/found/$name-" "$@" >"$build/logs/$name" 2>&1 ||
		found=", A FINDING: $build/logs/$name"
	count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/logs/$name")
	echo "$name: ${count:-0} executions$found"
}

if [ "${FUZZ_ONE:-}" ]; then
	fuzz "$1"
	exit
fi
FUZZ_ONE=1
export FUZZ_ONE
printf '%s\n' "$@" | xargs -P "${FUZZ_JOBS:-2}" -I NAME sh "$0" "$build" "$seconds" NAME | tee "$build/logs/all"
sed -n 's/^[a-z_]*: \([0-9]*\) executions.*/\1/p' "$build/logs/all" |
	awk '{ sum += $1 } END { print sum " executions in all" }'
! grep -q FINDING "$build/logs/all"
