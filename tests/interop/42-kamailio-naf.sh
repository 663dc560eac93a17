#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Kamailio as an application element: its Diameter stack pulls a token on Zn (BIR, 310) from our authentication node,
# and gets the key that the device derived; for another application it gets 5402, for another token 5403. The answers
# are read from a capture, since Kamailio 5.6 does not show them to its script.
# time-limit: 120
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/realm.sh"
PATH=$PATH:/usr/sbin
need openssl openssl
need tshark tshark
need kamailio kamailio
ls /usr/lib/*/kamailio/modules/ims_diameter_server.so >/dev/null 2>&1 || skip_all "missing package kamailio-ims-modules"

naf=${host[element]} naf_address=$own_ip:3868
hex() { od -An -v -tx1 | tr -d ' \n'; }
avp() { printf '{"avpCode":%s,"vendorId":%s,"Flags":%s,%s}' "$@"; } # CODE VENDOR FLAGS VALUE

# bir TOKEN APPLICATION: as JSON
bir() {
	printf '[%s,%s,%s,%s,%s,%s]' \
		"$(avp 260 0 64 "\"list\":[$(avp 266 0 64 '"int32":10415'),$(avp 258 0 64 '"int32":16777220')]")" \
		"$(avp 277 0 64 '"int32":1')" "$(avp 283 0 64 "\"string\":\"$realm\"")" \
		"$(avp 293 0 64 "\"string\":\"${host[authn]}\"")" \
		"$(avp 401 10415 192 "\"hexdump\":\"$(printf %s "$1" | hex)\"")" \
		"$(avp 402 10415 192 "\"hexdump\":\"$(printf %s "$2" | hex)0100000007\"")"
}

configure_naf() { # TOKEN
	cat >"$work/naf.xml" <<-END
		<?xml version="1.0" encoding="UTF-8"?>
		<DiameterPeer FQDN="$naf" Realm="$application" Vendor_Id="10415" Product_Name="CDiameterPeer"
			AcceptUnknownPeers="1" DropUnknownOnDisconnect="1" Tc="30" Workers="2" QueueLength="8"
			ConnectTimeout="5" TransactionTimeout="5" SessionsHashSize="16" DefaultAuthSessionTimeout="60"
			MaxAuthSessionTimeout="60">
			<Acceptor port="${naf_address#*:}" bind="${naf_address%:*}"/>
			<Auth id="16777220" vendor="10415"/>
			<Auth id="16777220" vendor="0"/>
			<DefaultRoute FQDN="${host[authn]}" metric="10"/>
		</DiameterPeer>
	END
	cat >"$work/naf.cfg" <<-END
		#!KAMAILIO
		debug=2
		log_stderror=yes
		children=4
		disable_tcp=yes
		listen=udp:${naf_address%:*}:5070
		mpath="$(dirname "$(ls /usr/lib/*/kamailio/modules/ims_diameter_server.so)")"
		loadmodule "kex.so"
		loadmodule "pv.so"
		loadmodule "xlog.so"
		loadmodule "rtimer.so"
		loadmodule "cdp.so"
		loadmodule "cdp_avp.so"
		loadmodule "ims_diameter_server.so"
		modparam("cdp", "config_file", "$work/naf.xml")
		modparam("rtimer", "timer", "name=ask;interval=1;mode=1;")
		modparam("rtimer", "exec", "timer=ask;route=ASK")
		request_route { exit; }
		route[ASK] {
			\$var(right) = '$(bir "$1" "$application")';
			\$var(other) = '$(bir "$1" other.example)';
			\$var(none) = '$(bir "AAAAAAAAAAAAAAAAAAAAAA==@${host[authn]}" "$application")';
			diameter_request("${host[authn]}", "16777220", "310", "\$var(right)");
			diameter_request("${host[authn]}", "16777220", "310", "\$var(other)");
			diameter_request("${host[authn]}", "16777220", "310", "\$var(none)");
			xlog("L_ERR", "asked\n");
		}
	END
	mkdir -p "$work/run"
}

configure_authn() {
	section authn diameter "listen: \"${where[authn.rp_a]-$own_ip:0}\"" "${tls[@]}" "reconnect: 50ms" \
		"peers:" "  - {host: ${host[authz]}, realm: $realm, address: \"${where[authz.rp_b]}\"}" \
		"  - {host: $naf, realm: $application, address: \"$naf_address\", transport: tcp}"
	section authn rp_c "listen: \"${where[authn.rp_c]-$own_ip:0}\"" "${tls[@]}"
}

start capture tshark -i lo -B 32 -f "tcp port ${naf_address#*:} and host $own_ip" -w "$work/zn.pcap"
wait_log capture 'Capturing on' 10 >/dev/null || skip_all "this user may not capture packets"

check "a realm with a device" realm_start
check "the device" device_new phone 0
check "it bootstraps" wait_until 10 bootstrap phone
symbolon-device tokens --dir "$work/phone" --json >"$work/tokens.json"
token=$(grep -o '"[A-Za-z0-9+/=_-]*@'"${host[authn]}"'"' "$work/tokens.json" | head -n 1 | tr -d '"')
key=$(symbolon-device key "$application" --dir "$work/phone" --reveal)
check_match "it has a token" '@authn1' "$token"
check_match "and a key for the application" '^[0-9a-f]{64}$' "$key"

configure_naf "$token"
start naf kamailio -f "$work/naf.cfg" -DD -E -Y "$work/run" -P "$work/run/pid" -m 32 -M 8 -w "$work"
check "authn and Kamailio find each other" wait_log authn "diameter.peer.up.*$naf"

read_capture() { HOME=$work tshark -r "$work/zn.pcap" -d "tcp.port==${naf_address#*:},diameter" "$@" 2>"$work/tshark.log"; }
answers() { read_capture -Y 'diameter.cmd.code == 310 && diameter.flags.request == 0' -T fields -e frame.number | wc -l; }
# Kamailio sends one after the other without waiting.
answered() { [ "$(read_capture -V -O diameter | grep -c 'ErrorCode\|Experimental-Result-Code(298)')" -ge 2 ] && [ "$(answers)" -ge 1 ]; }
check "Kamailio pulls, and is answered" wait_until 30 answered
{ stop naf TERM 10; } >/dev/null 2>&1
{ stop capture INT 10; } >/dev/null 2>&1

read_capture -V -O diameter >"$work/details"
check_match "the key is the one that the device derived" "ME-Key-Material\(405\)[^v]*vnd=TGPP val=$key" "$(grep 'ME-Key-Material' "$work/details")"
check_match "with its end" 'Key-ExpiryTime\(404\).*UTC' "$(grep 'Key-ExpiryTime' "$work/details")"
check_match "and a pseudonym in an ussList" '<ussList>.*<uid>[A-Za-z0-9_-]{24}</uid>' \
	"$(read_capture -Y diameter.GBA-UserSecSettings -T fields -e diameter.GBA-UserSecSettings | xxd -r -p | tr -d '\n')"
check "another ASP's application is refused: 5402" grep -q 'Experimental-Result-Code.*5402' "$work/details"
check "a token that is none: 5403" grep -q 'Experimental-Result-Code.*5403' "$work/details"
check_equal "Wireshark finds nothing malformed" "" "$(read_capture -q -z expert | grep -iE 'malformed|errors')"
check_equal "nor an AVP that it does not know" "" "$(grep -iE 'AVP: Unknown' "$work/details")"
check "authn stops cleanly" stop authn
check "so does authz" stop authz
finish
