# shellcheck shell=bash
# lib: what each numbered script sources. It speaks TAP, has a folder of its own ($work), and ends
# every process that it started. tools/run-tests runs the scripts; one alone:
#
#	SYMBOLON_BUILD=build/check bash tests/system/10-walk.sh
#
#	. "$(dirname "$0")/../system/lib.sh"
#	need openssl openssl
#	start authz symbolon-authz --config "$work/authz.yaml"
#	check "authz comes up" wait_file "$work/authz.ready" authz
#	check "authz stops cleanly" stop authz
#	finish
#
# KEEP=1 keeps $work. A line "# time-limit: 300" or "# alone" in a script is for tools/run-tests.
set -u
LC_ALL=C
source_dir=${SYMBOLON_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
build=$(cd "${SYMBOLON_BUILD:-$source_dir/build/check}" && pwd) || exit 1
for folder in "$build"/src/* "$build"/examples "$build"/bench; do
	[ -d "$folder" ] && PATH=$folder:$PATH
done
export PATH LC_ALL

work=$(mktemp -d /tmp/symbolon.XXXXXX)
cases=0
failures=0
declare -A pids=() stopped=()

# --- cases ---

# check TEXT COMMAND...: a case that passes when the command does; its output is shown when not.
check() {
	local text=$1
	shift
	if "$@" >"$work/.said" 2>&1; then
		pass "$text"
	else
		fail "$text" "\`$*\` ended with status $?" <"$work/.said"
	fi
}

# check_not TEXT COMMAND...: passes when the command fails, but not when a signal ends it.
check_not() {
	local text=$1 status=0
	shift
	"$@" >"$work/.said" 2>&1 || status=$?
	if [ "$status" -gt 0 ] && [ "$status" -lt 126 ]; then
		pass "$text"
	else
		fail "$text" "\`$*\` ended with status $status" <"$work/.said"
	fi
}

# check_equal TEXT EXPECTED ACTUAL
check_equal() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "not equal" < <(printf 'expected: %s\nactual:   %s\n' "$2" "$3")
	fi
}

# check_match TEXT EXTENDED-REGEX ACTUAL
check_match() {
	if [[ $3 =~ $2 ]]; then
		pass "$1"
	else
		fail "$1" "does not match" < <(printf 'pattern: %s\nactual:  %s\n' "$2" "$3")
	fi
}

pass() {
	cases=$((cases + 1))
	echo "ok $cases - $1"
}

# fail TEXT REASON: shows its input, if any. Not in a pipe: the count would be lost.
fail() {
	cases=$((cases + 1))
	failures=$((failures + 1))
	echo "not ok $cases - $1"
	echo "# ${2-}"
	[ -t 0 ] || tail -n 100 | sed 's/^/# /'
}

# skip TEXT REASON
skip() {
	cases=$((cases + 1))
	echo "ok $cases - $1 # SKIP $2"
}

# skip_all REASON: ends the script.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# need COMMAND PACKAGE: without it the whole script is skipped (and fails in CI).
need() {
	command -v "$1" >/dev/null || skip_all "missing package $2"
}

# finish: the plan; the last line of every script.
finish() {
	echo "1..$cases"
	[ "$failures" = 0 ]
	exit
}

# --- processes ---

# start NAME COMMAND...: in the background; what it says is in $work/NAME.log.
start() {
	local name=$1
	shift
	"$@" </dev/null >>"$work/$name.log" 2>&1 &
	pids[$name]=$!
	unset "stopped[$name]"
}

alive() { # NAME
	kill -0 "${pids[$1]}" 2>/dev/null && ! grep -q '^State:.Z' "/proc/${pids[$1]}/status" 2>/dev/null
}

# wait_until SECONDS COMMAND...: polls; fails when the deadline passes.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -le "$deadline" ] || return 1
		sleep 0.02
	done
}

# wait_file FILE NAME [SECONDS]: until process NAME has written FILE; its log is shown if it ends first.
wait_file() {
	if ! wait_until "${3-30}" file_or_end "$1" "$2" || [ ! -e "$1" ]; then
		echo "$1 did not appear; $2 said:"
		cat "$work/$2.log"
		return 1
	fi
}
file_or_end() { [ -e "$1" ] || ! alive "$2"; }

# wait_log NAME EXTENDED-REGEX [SECONDS]: until the process has logged such a line.
wait_log() {
	if ! wait_until "${3-30}" logged_or_end "$1" "$2" || ! grep -Eq -- "$2" "$work/$1.log"; then
		echo "$1 did not say $2, but:"
		cat "$work/$1.log"
		return 1
	fi
}
logged_or_end() { grep -Eq -- "$2" "$work/$1.log" || ! alive "$1"; }

# stop NAME [SIGNAL [SECONDS]]: returns the status that the process ended with; its log is shown if not 0.
stop() {
	local pid=${pids[$1]} status=0
	kill -"${2-TERM}" "$pid" 2>/dev/null
	if ! wait_until "${3-20}" not_alive "$1"; then
		echo "$1 did not end within ${3-20} s of ${2-TERM}"
		kill -KILL "$pid"
	fi
	wait "$pid" 2>/dev/null || status=$?
	stopped[$1]=1
	[ "$status" = 0 ] || tail -n 60 "$work/$1.log"
	return "$status"
}
not_alive() { ! alive "$1"; }

end_all() {
	local name
	for name in "${!pids[@]}"; do
		[ -n "${stopped[$name]-}" ] || kill -KILL "${pids[$name]}" 2>/dev/null
	done
	wait 2>/dev/null
	if [ -n "${KEEP-}" ]; then
		echo "# kept: $work"
	else
		rm -rf "$work"
	fi
}
trap end_all EXIT
trap 'exit 130' INT TERM

# --- a PostgreSQL of the script's own, a process called postgres: stop it with INT, crash it with KILL ---

postgres_new() { # in $work/pg
	chmod a+x "$work" # it does not run as root
	"$source_dir/tests/postgres-server" init "$work/pg"
}
postgres_start() { # OPTION...
	start postgres "$source_dir/tests/postgres-server" run "$work/pg" "$@"
	"$source_dir/tests/postgres-server" wait "$work/pg"
}
postgres_sql() { "$source_dir/tests/postgres-server" sql "$work/pg" "$@"; } # DATABASE [TEXT]
postgres_url() { "$source_dir/tests/postgres-server" url "$work/pg" "$1"; } # DATABASE

# --- data ---

# json FILE PATH: prints the value at a path such as nodes.0.address; fails when there is none.
json() {
	python3 - "$1" "$2" <<-'END'
		import json, sys
		value = json.load(open(sys.argv[1]))
		for step in sys.argv[2].split("."):
		    value = value[int(step) if isinstance(value, list) else step]
		print(value if isinstance(value, str) else json.dumps(value))
	END
}
