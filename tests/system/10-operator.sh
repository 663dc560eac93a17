# shellcheck shell=bash
# The operator's command and API with real processes, as a person or a script would use them.
# req: B9.2.2-a B9.2.2-b B9.2.2-c B9.2.2-d B9.2.2-f B9.2.2-g B9.2.2-h
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/realm.sh"
need openssl openssl

client=001010123456789@realm.example
export SYMBOLON_SOCKET=$work/authz.sock

# says STATUS COMMAND...: the command's exit status, and both its outputs in $said.
says() {
	local want=$1 status=0
	shift
	said=$("$@" 2>&1) || status=$?
	[ "$status" = "$want" ] || { echo "status $status instead of $want: $said"; return 1; }
}
said=

# refused TEXT STATUS REGEX COMMAND...
refused() {
	local text=$1 want=$2 regex=$3
	shift 3
	if says "$want" "$@" >"$work/.why"; then
		check_match "$text" "$regex" "$said"
	else
		fail "$text" "$(cat "$work/.why")" <<<"$said"
	fi
}

refused "a node that is not there is status 3" 3 'cannot reach .*authz.sock' symbolon status

realm_files
issue operator operator.$realm
issue stranger stranger.$realm
more[authz.operator]="  listen: \"127.0.0.1:0\"
  certificate: \"$work/authz.pem\"
  key: \"$work/authz.key\"
  authority: \"$work/ca.pem\"
  operators: [operator.$realm]"
check "authz comes up" node_start authz
check_equal "its socket is for its user alone" 600 "$(stat -c %a "$work/authz.sock")"

# --- a realm is provisioned ---

printf '{"k":"465b5ce8b199b49faa5f0a2ee238a6bc","opc":"cd63cb71954a9f4e48a5994e37a02baf"}' >"$work/device.key"
refused "a device needs its subscriber" 1 'nobody with this id.*symbolon subscriber add' \
	symbolon device add "$client" --subscriber alice --key-file "$work/device.key"
check "a subscriber" symbolon subscriber add alice --verification postpaid --name 'Alice Example'
chmod 644 "$work/device.key"
refused "a key file that others may read is warned of" 0 'warning: others may read .*registered' \
	symbolon device add "$client" --subscriber alice --key-file "$work/device.key"
check "a key may come from standard input" sh -c \
	"symbolon device add 001010000000001@realm.example --subscriber=alice --key-file - <'$work/device.key'"
check "an ASP" symbolon asp add "$asp" --name 'Example Services' --element gateway.app.example --element b.app.example
check "an application" symbolon app add app.example --asp "$asp" --ua 0100000007 --ua 0100000002 --lifetime 600
check "an element is added" symbolon asp set "$asp" --add c.app.example
check "and removed" symbolon asp set "$asp" --remove c.app.example
check_match "its tokens bind node and channel" '"format":"y3056"' "$(symbolon --json app show app.example)"
check "unless it is told otherwise" symbolon app set app.example --format gba
check "an application changes" symbolon app set app.example --degree basic --lifetime 600 --identity no
refused "a degree that nobody configured" 1 'degree' symbolon app set app.example --degree splendid
refused "an identity is granted or not" 2 'identity' symbolon app set app.example --identity maybe
check "a group" symbolon app add group.example --asp "$asp" --ua 0100000007 --format y3056 --degree high
check "and a member" symbolon app add member.example --asp "$asp" --ua 0100000007 --group group.example
check_match "which is shown" 'GROUP +group.example' "$(symbolon app show member.example)"
refused "the permission is the group's" 1 'grant the group' symbolon grant "$client" member.example
refused "a group of members stays" 1 'members' symbolon app remove group.example
check "but without" symbolon app remove member.example
check "it goes" symbolon app remove group.example
check "a permission" symbolon grant "$client" app.example --until 2099-01-31T00:00:00Z

refused "what is registered is refused" 1 'registered already.*--if-missing' \
	symbolon subscriber add alice --verification postpaid
for what in "subscriber add alice" "asp add $asp --name X --element gateway.app.example" \
	"app add app.example --asp $asp --ua 0100000007" \
	"device add $client --subscriber alice --key-file $work/device.key"; do
	refused "unless it may be there: ${what%% *}" 0 'registered already, nothing was changed' symbolon $what --if-missing
done
refused "an element of another ASP is no such case" 1 'another ASP' \
	symbolon asp add org:1 --name Other --element b.app.example --if-missing

# --- it is shown ---

check_match "status counts" 'subscribers +1.*devices +2.*ASPs +1.*applications +1.*grants +1' \
	"$(symbolon status | tr '\n' ' ')"
check_match "and what is still to be told" 'ends to tell +0.*changes to tell +0' "$(symbolon status | tr '\n' ' ')"
check_match "realm has its security degrees" 'standard +28800 +yes' "$(symbolon realm | tr '\n' ' ')"
check_match "realm names its reference points" "RP_B +${where[authz.rp_b]}" "$(symbolon realm)"
check_match "a table" "^CLIENT +SUBSCRIBER .*$client +alice +milenage" "$(symbolon device list | tr '\n' ' ')"
printf '{"k":"%064x","top":"%064x"}' 1 2 >"$work/tuak.key"
chmod 600 "$work/tuak.key"
check "a device with TUAK" \
	symbolon device add 001010000000777@$realm --subscriber alice --algorithm tuak --key-file "$work/tuak.key"
check_match "with its algorithm" 'ALGORITHM +tuak' "$(symbolon device show 001010000000777@$realm)"
check "and removed" symbolon device remove 001010000000777@$realm
refused "an algorithm that is not" 1 'algorithm: milenage or tuak' \
	symbolon device add 001010000000778@$realm --subscriber alice --algorithm xor --key-file "$work/tuak.key"
check_match "a card" 'NAME +Alice Example' "$(symbolon subscriber show alice)"
check_match "with several values" 'ELEMENTS +b.app.example,gateway.app.example' "$(symbolon asp show "$asp")"
check_match "what a client may use" 'app.example .*2099-01-31T00:00:00Z' "$(symbolon grants --client "$client")"
check_match "who may use an application" "$client" "$(symbolon grants --app app.example)"
check_match "lists of one" '001010000000001' "$(symbolon device list --subscriber alice --limit 1)"
check_equal "of nobody" 1 "$(symbolon device list --subscriber bob | wc -l)"
symbolon app show app.example --json >"$work/app.json"
check_equal "as JSON" 600 "$(json "$work/app.json" lifetime)"
check_equal "which is what the API answers" "$(operator GET /v1/applications/app.example)" "$(cat "$work/app.json")"

operator POST /v1/subscribers '{"id":"mallory","verification":"none","name":"\u001b[2Jx\u0085\u007f"}' >/dev/null
check_match "a name does not reach into the terminal" 'NAME +\?\[2Jx\?\?' "$(symbolon subscriber show mallory)"

for n in $(seq -w 1 25); do
	operator POST /v1/subscribers '{"id":"s'"$n"'","verification":"none"}' >/dev/null
done
check_equal "a list is whole" 28 "$(symbolon subscriber list | wc -l)"
check_equal "or a page" 's03' "$(symbolon --json subscriber list --after s02 --limit 1 |
	python3 -c 'import json, sys; page = json.load(sys.stdin); print(*(i["id"] for i in page["items"]))')"

# --- command lines that are wrong ---

refused "no such command" 2 'no command frobnicate' symbolon frobnicate
refused "no such verb" 2 'no `symbolon device frobnicate`' symbolon device frobnicate
refused "no such option" 2 'no option --frobnicate' symbolon device add --frobnicate
refused "no such short option" 2 'no option -x' symbolon device add -x
refused "a name that begins with a dash is a name" 1 "client identity: no @" symbolon device show -x7
refused "and behind -- any is" 1 "client identity: no @" symbolon device show -- --x7
refused "a word is missing" 2 'APPLICATION is missing' symbolon grant "$client"
refused "a word too many" 2 'too many' symbolon status now
refused "an option is missing" 2 'needs --subscriber, and --key-file, --public-key' symbolon device add "$client"
refused "a value is missing" 2 '--name wants NAME' symbolon asp add "$asp" --name
refused "a flag has a value" 2 'takes no value' symbolon subscriber add x --if-missing=yes
refused "an option twice" 2 'given twice' symbolon subscriber add x --name a --name b
refused "a number is none" 2 'lifetime' symbolon app add a.example --asp "$asp" --ua 0100000007 --lifetime soon
refused "nothing at all" 2 'symbolon \[options\]' symbolon
refused "a URL that is none" 2 'https://' symbolon --url http://authz1.realm.example status
refused "a URL without certificates" 2 '--url needs --ca' symbolon --url https://authz1.realm.example status
refused "a key file that is not there" 1 'no-such-file' symbolon device add "$client" --subscriber alice --key-file "$work/no-such-file"
refused "a key file that is none" 1 'key file: ' symbolon device add "$client" --subscriber alice --key-file "$source_dir/LICENSE"
refused "what the node finds wrong" 1 'verification' symbolon subscriber add bob --verification maybe
refused "a client of another realm" 1 'which is realm.example' \
	symbolon device add 001010123456789@other.example --subscriber alice --key-file "$work/device.key"
refused "an application that still stands in the way" 1 'remove them first.*symbolon app list' symbolon asp remove "$asp"
check_match "the version" '^symbolon [0-9]' "$(symbolon --version)"
if [ -w /dev/full ]; then
	check_not "output that cannot be written is a failure" sh -c 'symbolon subscriber list >/dev/full'
fi

# --- help, manual and completion know the same words ---

missing=
for noun in $(symbolon --complete ''); do
	grep -q "\*\*$noun" "$source_dir/docs/man/symbolon.1.md" || missing+=" $noun"
	for verb in $(symbolon --complete "$noun" '') ''; do
		[ "$noun" = up ] && continue
		check "help: $noun $verb" sh -c "symbolon $noun $verb --help | grep -q 'symbolon $noun'"
		for option in $(symbolon --complete "$noun" ${verb:+"$verb"} --); do
			grep -q -- "\*\*$option" "$source_dir/docs/man/symbolon.1.md" || missing+=" $option"
		done
	done
done
check_equal "the manual has every command and option" "" "$missing"
for option in $(symbolon --complete up --); do
	check "up has $option" sh -c "[ $option = --help ] || symbolon up --help | grep -q -e '$option'"
done
completes() { # WORD...: what bash offers for the last one
	bash -c '. "$1/completions/symbolon.bash"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _symbolon
		echo "${COMPREPLY[*]}"' - "$source_dir" "$@"
}
check_equal "bash completes nouns" "device" "$(completes symbolon dev)"
check_equal "verbs" "remove" "$(completes symbolon device r)"
check_equal "options" "--subscriber" "$(completes symbolon device add --su)"
check_equal "values" "prepaid postpaid" "$(completes symbolon subscriber add x --verification p)"
check_equal "and files" "$work/device.key" "$(completes symbolon device add x --key-file "$work/device.k")"

# --- the other door ---

https() { # NAME ARGS...: as the holder of this certificate
	local name=$1
	shift
	symbolon --url "https://${host[authz]}" --connect "${where[authz.operator]}" \
		--cert "$work/$name.pem" --key "$work/$name.key" --ca "$work/ca.pem" "$@"
}
check "an operator comes in with a certificate" https operator status
check "and writes" https operator subscriber add bob --verification none
refused "another certificate does not" 1 'only operators.*operator.operators' https stranger status
authority other
refused "nor does the node with a wrong authority behind it" 3 'cannot reach' \
	symbolon --url "https://${host[authz]}" --connect "${where[authz.operator]}" \
	--cert "$work/operator.pem" --key "$work/operator.key" --ca "$work/other.pem" status
check_match "who changed what is logged" '"operation":"subscriber_add","by":"operator.realm.example"' "$(cat "$work/authz.log")"
check_match "and who was refused" '"operator.denied".*"by":"stranger.realm.example"' "$(cat "$work/authz.log")"
sed -i "s/operators: .*/operators: [stranger.$realm]/" "$work/authz.yaml"
kill -HUP "${pids[authz]}"
check "operators are read again" wait_log authz node.reloaded
check "the stranger is one now" https stranger status
refused "and the operator is none" 1 'only operators' https operator status

# --- taking it back, and starting again ---

check "authz stops" stop authz
check "and comes back" node_start authz
check_match "a permission is revoked" 'may not use app.example any more; sessions that end: 0' \
	"$(symbolon revoke "$client" app.example --wait)"
refused "once" 1 'no such thing.*symbolon grants' symbolon revoke "$client" app.example
check "an application is removed" symbolon app remove app.example
check "then its ASP" symbolon asp remove "$asp"
check "a device" symbolon device remove "$client"
check "a subscriber, with what is left" symbolon subscriber remove alice
check_equal "no device is left" 1 "$(symbolon device list | wc -l)"
check_not "no key was logged, in any form" grep -aEi '465b5ce8b199b49f|cd63cb71954a9f4e' "$work/authz.log"
check_not "nor who is who" grep -aE 'alice|Alice|001010123456789' "$work/authz.log"
check "authz stops cleanly" stop authz
finish
