# shellcheck shell=bash
# Advisories judged by others: @secvisogram/csaf-validator-lib (npm), with the schema and the mandatory tests of CSAF 2.0, and what
# we take and refuse of the same documents. SYMBOLON_CSAF may name a folder of published ones.
# req: R7-b R9.3-ii-b
# time-limit: 300
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/registry.sh"
need node nodejs
need npm npm
need python3 python3

modules() { # as the lock file has them
	cp "$source_dir/tests/interop/npm/"package*.json "$work/" && (cd "$work" && npm install --no-save --ignore-scripts --no-audit --no-fund)
}
modules >"$work/npm.log" 2>&1 || skip_all "npm install: $(tail -1 "$work/npm.log")"
sample=$source_dir/tests/fuzz/corpus/csaf/sample.json
cat >"$work/judge.mjs" <<'END'
import * as mandatory from '@secvisogram/csaf-validator-lib/mandatoryTests.js'
import { csaf_2_0 } from '@secvisogram/csaf-validator-lib/schemaTests.js'
import validate from '@secvisogram/csaf-validator-lib/validate.js'
import { readFileSync } from 'node:fs'
for (const file of process.argv.slice(2)) {
  const { isValid } = await validate([csaf_2_0, ...Object.values(mandatory)], JSON.parse(readFileSync(file)))
  console.log(isValid ? 'valid' : 'invalid')
}
END
judge() { (cd "$work" && node judge.mjs "$@") 2>&1; }
import() { symbolon --socket "$work/p01.sock" registry import-advisories "$1"; }
changed() { # NAME SED-PROGRAM: the sample with one fault
	sed "$2" "$sample" >"$work/$1.json"
}

check "a registry" registry_start p01 IN.TEL.P01
check_equal "the judge takes our sample" valid "$(judge "$sample")"
check "and so do we" import "$sample"

changed 6.1.1 's/\["T1-old", "G7-F51", "G7-T1"\]/["T9"]/'
changed 6.1.2 's/"product_id": "T1-new"/"product_id": "T1-old"/'
changed 6.1.3 's/"product_reference": "F51"/"product_reference": "G7-T1"/'
changed 6.1.6 's/"fixed": \["T1-new"\]/"fixed": ["T1-old"]/'
changed 6.1.9 's/"CRITICAL"/"HIGH"/'
changed 6.1.14 '0,/2026-02-03T09/s//2026-01-03T09/'
changed 6.1.16 's/"version": "2"$/"version": "3"/'
changed 6.1.22 's/"number": "2"/"number": "1"/'
changed 6.1.30 's/"number": "2"/"number": "2.0.0"/'
changed 3.2.1.12 's/"tracking"/"tracks"/'
for fault in "$work"/[0-9]*.json; do
	name=$(basename "$fault" .json)
	check_equal "$name: the judge refuses" invalid "$(judge "$fault")"
	check_match "$name: and so do we, by its clause" "CSAF 2.0 $name" "$(import "$fault")"
done

if [ -d "${SYMBOLON_CSAF-}" ]; then
	import "$SYMBOLON_CSAF" | sed -n 's/^[0-9]* of [0-9]*: [^:]*: //p' | sed 's/^recorded$/valid/; t; s/.*/invalid/' >"$work/ours"
	judge "$SYMBOLON_CSAF"/*.json >"$work/theirs"
	check "published ones: we take what the judge takes" cmp "$work/theirs" "$work/ours"
else
	skip "published ones: we take what the judge takes" "SYMBOLON_CSAF names no folder"
fi
check "stops" stop p01
finish
