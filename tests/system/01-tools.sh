# shellcheck shell=bash
# The tools that guard the source find what they are for: in a small tree of their own.
. "$(dirname "$0")/lib.sh"

tree=$work/tree
tag=req: # apart from an id, for the real tree is read too
mkdir -p "$tree"/src/{base,core,net,authn,authz} "$tree"/tests/{unit,flow,fuzz/corpus} "$tree"/docs "$tree"/examples
cp -r "$source_dir/tools" "$tree/tools"
touch "$tree"/src/base/buf.h "$tree"/src/authz/keys.h "$tree"/tests/{unit,flow,fuzz}/meson.build

echo '#include "base/buf.h"' >"$tree/src/core/kdf.c"
check "includes that go down are fine" "$tree/tools/check-layers"
echo '#include "net/loop.h"' >"$tree/src/core/kdf.c"
check_match "one that goes up is named" 'core/kdf.c:1: net/loop.h' "$("$tree/tools/check-layers")"
rm "$tree/src/core/kdf.c"
echo '#include "authz/keys.h"' >"$tree/src/authn/a.c"
check_not "a program does not include another" "$tree/tools/check-layers"
rm "$tree/src/authn/a.c"
echo '#include "net/loop.h"' >"$tree/tests/fuzz/fuzz_x.c"
check_not "a fuzz target needs no sockets" "$tree/tools/check-layers"

check_match "a target that nobody builds is named" 'fuzz/fuzz_x.c: not in meson.build' "$("$tree/tools/check-lists")"
check_match "and one without inputs" 'no inputs in tests/fuzz/corpus/x/' "$("$tree/tools/check-lists")"
rm "$tree/tests/fuzz/fuzz_x.c"
check "nothing to say of none" "$tree/tools/check-lists"

printf 'id\tparty\tstrength\tclause\nB7.2-a\tx\tshall\tY.3056 7.2\nB7.2-b\tx\tshall\tY.3056 7.2\nB7.21\tx\tshall\tY.3056 7.21\n' \
	>"$tree/docs/requirements.tsv"
echo B7.2 >"$tree/docs/claims.txt"
echo '/* '"$tag"' B7.2-a, B7.2-b */' >"$tree/src/base/buf.c"
echo '/* '"$tag"' B7.2-a. */' >"$tree/tests/unit/test_buf.c"
check_equal "a claim without a test is named" "B7.2-b (Y.3056 7.2): without a test" "$("$tree/tools/trace" --check)"
echo '// '"$tag"' B7.2-a B7.2-b' >"$tree/tests/unit/test_buf.c"
check "code and tests prove a claim, and B7.21 is none of it" "$tree/tools/trace" --check
check_match "so does asking for it" 'B7.21 .*without code and a test' "$("$tree/tools/trace" --claimed B7.2,B7.21)"
echo '/* '"$tag"' B7.2-z */' >>"$tree/src/base/buf.c"
check_match "an id that does not exist is named" 'src/base/buf.c:2: B7.2-z is no requirement' "$("$tree/tools/trace" --check)"

# tools/run-tests reads what these scripts print
mkdir -p "$tree/tests/system" "$tree/tests/interop" "$work/build/meson-info"
echo '[]' | tee "$work/build/meson-info/intro-tests.json" >"$work/build/meson-info/intro-buildoptions.json"
tally() { # SCRIPT: the last line of a run over this script alone
	printf '%s\n' "$1" >"$tree/tests/system/50-x.sh"
	env -u CI ${2-} "$tree/tools/run-tests" --suite system "$work/build" | tail -n 1
}
check_equal "cases are counted" "2 passed, 1 failed, 1 skipped" \
	"$(tally $'echo ok 1 - a\necho ok 2 - b\necho not ok 3 - c\necho "ok 4 - d # SKIP no"\necho 1..4; exit 1')"
check_equal "a missing plan is a failure" "1 passed, 1 failed, 0 skipped" "$(tally 'echo ok 1 - a')"
check_equal "a plan that was not kept too" "1 passed, 1 failed, 0 skipped" "$(tally 'echo ok 1 - a; echo 1..2')"
check_equal "and a bad end" "1 passed, 1 failed, 0 skipped" "$(tally 'echo ok 1 - a; echo 1..1; kill -SEGV $$')"
check_equal "a package may be missing" "0 passed, 0 failed, 1 skipped" "$(tally 'echo 1..0 "# SKIP missing package x"')"
check_equal "but not in CI" "0 passed, 1 failed, 0 skipped" "$(tally 'echo 1..0 "# SKIP missing package x"' CI=true)"
finish
