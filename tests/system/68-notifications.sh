#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Notifications of a registry: webhooks whose tokens somebody else's code verifies, a receiver that is down, hangs, fails, refuses or
# redirects into the private network, and kill -9 of the registry: nothing is lost or reordered, and what is told again has
# the same name. Event streams and dead letters by the command.
# req: R7-iv-e R9.4-i-a R9.4-i-c R9.4-ii
# time-limit: 300
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/registry.sh"
need curl curl
need openssl openssl
need python3 python3
need jq jq
python3 -c 'import cryptography' 2>/dev/null || skip_all "missing package python3-cryptography"

# --- a receiver, with a certificate of its own authority ---

receiver="$source_dir/tests/system/webhook.py"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout "$work/ca.key" \
	-out "$work/ca.pem" 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout "$work/hook.key" 2>/dev/null |
	openssl x509 -req -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 \
		-extfile <(echo "subjectAltName=DNS:localhost") -out "$work/hook.pem" 2>/dev/null
receive() { # NAME OPTION...: comes back at the port that it had
	rm -f "$work/$1/ready"
	start "$1" python3 "$receiver" serve "$work/$1" "${@:2}"
	wait_file "$work/$1/ready" "$1"
}
answers() { echo "$2" >"$work/$1/answer.new" && mv "$work/$1/answer.new" "$work/$1/answer"; } # NAME WHAT
tokens() { cat "$work/$1/tokens" 2>/dev/null | wc -l; }                                     # NAME
has_tokens() { [ "$(tokens "$1")" -ge "$2" ]; }                                             # NAME HOW-MANY
check "a receiver" receive hook --tls "$work/hook.pem" "$work/hook.key"
check "another machine in the private network" receive inside --bind 127.0.0.2
url=https://localhost:$(cat "$work/hook/port")/events
inside=http://127.0.0.2:$(cat "$work/inside/port")/secret

# --- a registry ---

# shellcheck disable=SC2034
registry_lines[p01]="webhook: {authority: $work/ca.pem, networks: 127.0.0.1, plain: true}
notifications: {timeout: 500ms, retry: 50ms, retry_max: 200ms, keep_alive: 1s}"
check "a registry" registry_start p01 IN.TEL.P01
registry p01 GET /.well-known/trust-registry | python3 -c '
import json, sys
print(json.dumps(json.load(sys.stdin)["keys"][0]))' >"$work/hook/key"
echo "$url" >"$work/hook/aud"
subscribe() { registry p01 POST /v1/subscriptions "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])'; }
notice() { registry p01 POST /v1/notices "{\"title\":\"$1\",\"make\":\"Acme\"}" >/dev/null && echo "$1" >>"$work/titles"; }
shows() { registry p01 GET "/v1/subscriptions/$1" | grep -q -- "$2"; } # SUBSCRIPTION WORDS
id=$(subscribe "{\"delivery\":{\"method\":\"webhook\",\"url\":\"$url\"}}")
check_match "a subscription" '^[A-Za-z0-9_-]{22}$' "$id"
check "a notice to all" notice first
check "comes as a token that verifies" wait_until 20 has_tokens hook 1
check_equal "it is what was sent" "notice first 1" "$(python3 -c '
import json, sys
token = json.loads(open(sys.argv[1]).readline())
print(token["kind"], token["title"], token["sequence"])' "$work/hook/tokens")"

# --- what receivers do ---

tried() { # ANSWER WORDS: it is tried again and again, and shown
	answers hook "$1"
	notice "while-$((++tries))" && wait_until 20 shows "$id" "$2"
}
acknowledged() { answers hook 202 && wait_until 20 shows "$id" '"waiting":0'; }
tries=0
check "a receiver that fails" tried 500 "answered 500"
check "gets it when it works again" acknowledged
check "a receiver that hangs" tried hang "no answer in time"
check "gets it when it works again" acknowledged
check "a receiver that redirects into the private network" tried "$inside" "redirects are not followed"
check "gets it when it works again" acknowledged
stop hook >/dev/null 2>&1
check "a receiver that is down" tried 202 "connect"
check "more happens meanwhile" notice while-down
check "it comes back" receive hook --tls "$work/hook.pem" "$work/hook.key"
check "and gets all of it" acknowledged
refused=$(subscribe "{\"delivery\":{\"method\":\"webhook\",\"url\":\"$inside\"}}")
check "a subscriber in the private network" notice inside
check "is not asked" wait_until 20 shows "$refused" "not a public one"
check_equal "nobody came there" 0 "$(tokens inside)"
check "it is dropped" registry p01 DELETE "/v1/subscriptions/$refused"
check "nothing was lost or reordered" python3 "$receiver" check "$work/hook" "$work/titles"
sed 's/^/# /' "$work/.said"

# --- kill -9 ---

load() { # notices one after another; those whose sender was told so are kept
	local n=0
	while :; do
		notice "load-$1-$((++n))" 2>/dev/null || sleep 0.05
	done
}
kill_in_the_middle() { # ROUND
	local before
	before=$(tokens hook)
	load "$1" &
	local loader=$!
	wait_until 20 has_tokens hook $((before + 40 + 17 * $1)) || return
	{ stop p01 KILL; } >/dev/null 2>&1
	registry_start p01 || return
	wait_until 20 has_tokens hook $((before + 120)) || return
	kill "$loader" && wait "$loader" 2>/dev/null
	acknowledged
}
for round in 1 2 3 4; do
	check "killed while it tells, and back, $round" kill_in_the_middle "$round"
done
check "nothing was lost or reordered" python3 "$receiver" check "$work/hook" "$work/titles"
sed 's/^/# /' "$work/.said"
{ stop hook KILL; } >/dev/null 2>&1
check "notices while the receiver was killed" notice killed
check "it comes back" receive hook --tls "$work/hook.pem" "$work/hook.key"
check "and is told" acknowledged
check "nothing was lost or reordered" python3 "$receiver" check "$work/hook" "$work/titles"

# --- dead letters ---

answers hook 400
check "a token that its receiver refuses" notice refused
dead() { symbolon registry dead-letters "$id" --socket "$work/p01.sock" 2>&1; }
is_dead() { dead | grep -q "invalid_request: not today"; }
check "is a dead letter" wait_until 20 is_dead
answers hook 202
check "it is delivered again when asked" symbolon registry replay "$id" --socket "$work/p01.sock"
check "and acknowledged" acknowledged
check_match "no letter is left" '^(nothing|)$' "$(dead | tail -n +2 | head -n 1)"
refuse_and_wait() { answers hook 400 && notice "$1" && wait_until 20 is_dead; }
check "another" refuse_and_wait dropped
check "is dropped" symbolon registry drop "$id" --socket "$work/p01.sock"
answers hook 202

# --- the command ---

symbolon_p01() { symbolon registry "$@" --socket "$work/p01.sock"; }
check "a stream is asked for by the command" symbolon_p01 subscribe --make acme --label follow --json
stream=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])' <"$work/.said")
start watch symbolon registry watch "$stream" --json --socket "$work/p01.sock"
check "a notice by the command" symbolon_p01 notify --make Acme --severity high "seen by watch"
check "is printed as it comes" wait_log watch '"title":"seen by watch"'
check "the registry is killed" eval '{ stop p01 KILL; } >/dev/null 2>&1; registry_start p01'
check "another notice" symbolon_p01 notify --make Acme "after a restart"
check "is printed too: it goes on where it was" wait_log watch '"title":"after a restart"'
check_equal "each once" 2 "$(grep -c '"title"' "$work/watch.log")"
{ stop watch; } >/dev/null 2>&1
check "subscriptions are listed" symbolon_p01 subscriptions
check_match "with what they want" "follow" "$(cat "$work/.said")"
check "and ended" symbolon_p01 unsubscribe "$stream"
check_not "then there is nothing to watch" timeout 20 symbolon registry watch "$stream" --socket "$work/p01.sock"
check "it stops cleanly" stop p01

# --- a party, over HTTPS, with its own key ---

. "$(dirname "$0")/enquirer.sh"
rm -f "$work/p01.yaml" "$work/p01.db"*
check "a registry with a door for all" enquirer_start
as_anyone enrol --party-key "$work/port.pem" --name "Port of Example" --contact customs@port.example \
	--purpose "import control" >"$work/enrolled"
party=$(cut -d: -f1 "$work/enrolled")
check "a party enrols, and is approved" as_admin approve "$party"
stream=$(as_anyone subscribe --label port --party-key "$work/port.pem")
check_match "it subscribes with its key" '^[A-Za-z0-9_-]{22}$' "$stream"
check_not "not without" as_anyone subscribe
start watch-port symbolon --url "https://$registry_host" --ca "$work/ca.pem" --connect "$api" registry watch "$stream" \
	--party-key "$work/port.pem"
check "the administrator tells all" as_admin notify --severity low "to whom it may concern"
check "it is told, signing the request for its stream" wait_log watch-port 'notice low to whom it may concern'
check_match "the administrator sees whose subscription it is" "$stream.*$party.*port" "$(as_admin subscriptions)"
check "it is suspended" as_admin suspend "$party"
check "which ends the stream, and it is not let in again" wait_until 20 not_alive watch-port
check "it stops cleanly" stop p01
finish
