#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Kamailio as the HSS of a realm: its Diameter stack answers our authentication element on Zh with vectors that
# osmo-auc-gen made, and on NASREQ with permissions. Our gateway and device do not notice.
#
# What is asked of Kamailio 5.6 here: the applications are named both with and without a vendor in <Auth>; the answer
# is a list of AVPs in JSON, binary ones as "hexdump"; it listens at the address in <Acceptor>, and wants a SIP
# socket of its own.
# time-limit: 120
. "$(dirname "$0")/../system/lib.sh"
. "$(dirname "$0")/../system/realm.sh"
PATH=$PATH:/usr/sbin
need openssl openssl
need osmo-auc-gen libosmocore-utils
need kamailio kamailio
ls /usr/lib/*/kamailio/modules/ims_diameter_server.so >/dev/null 2>&1 || skip_all "missing package kamailio-ims-modules"

hex() { od -An -v -tx1 | tr -d ' \n'; }
hss=hss.$realm hss_address=$own_ip:3868

# vector NUMBER SQN: of the device that crowd.c and realm.sh know under that number
vector() {
	osmo-auc-gen -3 -a MILENAGE -k "$(key_of "$1")" -o "$(opc_of "$1")" -f 8000 -s "$2" -r "$(openssl rand -hex 16)" \
		>"$work/vector" 2>&1
	word() { sed -n "s/^$1:\t//p" "$work/vector"; }
	nonce=$(word RAND)$(word AUTN) res=$(word RES) ck=$(word CK) ik=$(word IK)
}

avp() { printf '{"avpCode":%s,"vendorId":%s,"Flags":%s,%s}' "$@"; } # CODE VENDOR FLAGS VALUE
group() { local IFS=,; echo "\"list\":[$*]"; }

configure_hss() {
	local session item answer refused permission
	item=$(avp 612 10415 192 "$(group "$(avp 608 10415 192 '"string":"Digest-AKAv1-MD5"')" \
		"$(avp 609 10415 192 "\"hexdump\":\"$nonce\"")" "$(avp 610 10415 192 "\"hexdump\":\"$res\"")" \
		"$(avp 625 10415 192 "\"hexdump\":\"$ck\"")" "$(avp 626 10415 192 "\"hexdump\":\"$ik\"")")")
	session="$(avp 277 0 64 '"int32":1'),$(avp 260 0 64 "$(group "$(avp 266 0 64 '"int32":10415')" "$(avp 258 0 64 '"int32":16777221')")")"
	answer="[$session,$(avp 268 0 64 '"int32":2001'),$item]"
	refused="[$session,$(avp 297 0 64 "$(group "$(avp 266 0 64 '"int32":10415')" "$(avp 298 0 64 '"int32":5401')")")]"
	uss=$(printf '<?xml version="1.0" encoding="UTF-8"?><ussList><uss id="1" type="1"><uids><uid>kamailio-knows-you-0001</uid></uids><flags><flag>1</flag></flags></uss></ussList>' | hex)
	permission="[$(avp 277 0 64 '"int32":0'),$(avp 274 0 64 '"int32":2'),$(avp 258 0 64 '"int32":1'),$(avp 268 0 64 '"int32":2001'),$(avp 291 0 64 '"int32":600'),$(avp 400 10415 192 "\"hexdump\":\"$uss\""),$(avp 402 10415 192 "\"hexdump\":\"$(printf %s "$application" | hex)0100000007\"")]"
	denied="[$(avp 277 0 64 '"int32":0'),$(avp 274 0 64 '"int32":2'),$(avp 258 0 64 '"int32":1'),$(avp 297 0 64 "$(group "$(avp 266 0 64 '"int32":10415')" "$(avp 298 0 64 '"int32":5402')")")]"
	cat >"$work/hss.xml" <<-END
		<?xml version="1.0" encoding="UTF-8"?>
		<DiameterPeer FQDN="$hss" Realm="$realm" Vendor_Id="10415" Product_Name="CDiameterPeer"
			AcceptUnknownPeers="1" DropUnknownOnDisconnect="1" Tc="30" Workers="2" QueueLength="8"
			ConnectTimeout="5" TransactionTimeout="5" SessionsHashSize="16" DefaultAuthSessionTimeout="60"
			MaxAuthSessionTimeout="60">
			<Acceptor port="${hss_address#*:}" bind="${hss_address%:*}"/>
			<Auth id="16777221" vendor="10415"/>
			<Auth id="16777221" vendor="0"/>
			<Auth id="1" vendor="0"/>
		</DiameterPeer>
	END
	cat >"$work/hss.cfg" <<-END
		#!KAMAILIO
		debug=2
		log_stderror=yes
		children=4
		disable_tcp=yes
		listen=udp:${hss_address%:*}:5070
		mpath="$(dirname "$(ls /usr/lib/*/kamailio/modules/ims_diameter_server.so)")"
		loadmodule "kex.so"
		loadmodule "pv.so"
		loadmodule "xlog.so"
		loadmodule "cdp.so"
		loadmodule "cdp_avp.so"
		loadmodule "ims_diameter_server.so"
		modparam("cdp", "config_file", "$work/hss.xml")
		request_route { exit; }
		event_route[diameter:request] {
			xlog("L_ERR", "asked \$diameter_application \$diameter_command\n");
			if (\$diameter_command == 303) {
				if (\$diameter_request =~ "$(client_of 0 | cut -d @ -f 1)") {
					\$diameter_response = '$answer';
				} else {
					\$diameter_response = '$refused';
				}
			} else {
				if (\$diameter_request =~ "no-such-thing|$1") {
					\$diameter_response = '$denied';
				} else {
					\$diameter_response = '$permission';
				}
			}
		}
	END
}

# hss_start [REGEX]: permission is refused where the question, as JSON, matches
hss_start() {
	configure_hss "${1-nothing}"
	mkdir -p "$work/run"
	start hss kamailio -f "$work/hss.cfg" -DD -E -Y "$work/run" -P "$work/run/pid" -m 32 -M 8 -w "$work"
	wait_until 20 listens
}
listens() { (exec 3<>"/dev/tcp/${hss_address%:*}/${hss_address#*:}") 2>/dev/null; }
hss_stop() { # it is many processes
	{ stop hss TERM 10; } >/dev/null 2>&1
	true
}

realm_files
vector 0 33
check "Kamailio comes up as an HSS" hss_start
configure_authn() {
	section authn diameter "listen: \"${where[authn.rp_a]-$own_ip:0}\"" "${tls[@]}" "reconnect: 50ms" \
		"peers:" "  - {host: $hss, realm: $realm, address: \"$hss_address\", transport: tcp}" \
		"  - {host: ${host[gateway]}, realm: $application}"
	section authn rp_c "listen: \"${where[authn.rp_c]-$own_ip:0}\"" "${tls[@]}"
}
check "authn comes up" node_start authn
check "an application" node_start hello
check "and its gateway" node_start gateway
check "a device" device_new phone 0
check "another, whom nobody knows" device_new stranger 1

check "authn and Kamailio find each other" wait_log authn "diameter.peer.up.*$hss"
check "it bootstraps with Kamailio's vector" bootstrap phone
check "once: the vector is used" ends_with "$refused" bootstrap phone
check "an identity that Kamailio does not know is refused" ends_with "$refused" bootstrap stranger
check_match "the application sees whom Kamailio calls so" 'kamailio-knows-you-0001' "$(connect phone 2>&1)"
check "Kamailio was asked for vectors" grep -q 'asked 16777221 303' "$work/hss.log"
check "and for the permission" grep -q 'asked 1 265' "$work/hss.log"
hss_stop
vector 0 66
check "another day Kamailio permits nothing" hss_start avpCode
check "authn finds it again" wait_until 30 sh -c '[ "$(grep -c "diameter.peer.up.*hss" "$1")" -ge 2 ]' - "$work/authn.log"
check "the device bootstraps" bootstrap phone
check_not "but the application does not get its token" connect phone
check_match "since Kamailio answered 5402" '5402' "$(grep -h rp_a.refused "$work/gateway.log" | tail -n 1)"
check "authn stops cleanly" stop authn
check "so does the gateway" stop gateway
hss_stop
finish
