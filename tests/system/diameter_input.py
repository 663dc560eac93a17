#!/usr/bin/env python3
"""What a stranger, and a peer that has gone wrong, may send to a Diameter node, while others are served.

usage: diameter_input.py ADDRESS PLAIN FOLDER NODE REALM PID RP_C AUTHN CLIENT APPLICATION...
  ADDRESS, PLAIN  of the node, in TLS and not
  FOLDER          where ca.pem, puppet.pem (a peer), stranger.pem (no peer), other-ca.pem, impostor.pem are
  RP_C, AUTHN, CLIENT  where a device bootstraps meanwhile
  APPLICATION     of the node, numbers
"""
import random
import ssl
import sys

from diameter import (AAR, CER, DPR, DWR, ERROR, M, MAR, NASREQ, REQUEST, TGPP, V, ZH, Peer, avp, cer, mar, message)
from hostile import GROWTH_KIB, case, descriptors, memory_kib, start_status, tls_context, wait_until

ADDRESS, PLAIN, FOLDER, NODE, REALM, PID, RP_C, AUTHN, CLIENT = sys.argv[1:10]
APPLICATIONS = [int(word) for word in sys.argv[10:]]
PUPPET, PUPPET_REALM = "puppet.realm.example", "realm.example"
HEAD = [avp(264, PUPPET), avp(296, PUPPET_REALM), avp(257, b"\0\1\x7f\0\0\1"), avp(266, 0), avp(269, "test", 0)]
AUTH = [avp(258, application) for application in APPLICATIONS]


def context(name="puppet"):
    return tls_context(f"{FOLDER}/ca.pem", f"{FOLDER}/{name}" if name else None)


CONTEXT = context()


def our_cer(*more, **options):
    return cer(PUPPET, PUPPET_REALM, *more, applications=options.pop("applications", APPLICATIONS), **options)


def our_mar(*more, **options):
    return mar(PUPPET, PUPPET_REALM, CLIENT, *more, **options)


def connect(name="puppet"):
    return Peer(ADDRESS, CONTEXT if name == "puppet" else context(name), NODE)


def opened():
    peer = connect()
    answer = peer.ask(our_cer())
    assert answer and answer.result == 2001, answer
    return peer


def serves():
    return start_status(RP_C, AUTHN, CLIENT) == 401


def strangers():
    def nothing_for(what, name):
        """Neither a handshake nor a word. TLS 1.3: a client learns of its certificate's refusal afterwards."""
        try:
            with connect(name) as peer:
                said = peer.ask(our_cer())
        except (ssl.SSLError, OSError) as error:
            said = None if isinstance(error, ssl.SSLError) or not isinstance(error, TimeoutError) else error
        case(f"{what} gets nothing", said is None and serves(), repr(said))

    with Peer(ADDRESS) as peer:
        case("plain TCP where TLS is required gets no answer",
             peer.send(our_cer()) and b"realm" not in peer.rest() and serves(), "an answer")
    nothing_for("a peer without a certificate", None)
    nothing_for("a certificate of another authority, with the right name", "impostor")
    for what, name, host, realm in [
            ("a certificate for another name", "stranger", PUPPET, PUPPET_REALM),
            ("a peer that nobody configured", "stranger", "stranger.app.example", "app.example"),
            ("the name of another peer", "puppet", AUTHN, PUPPET_REALM),
            ("another realm", "puppet", PUPPET, "other.example"),
            ("the node's own name", "puppet", NODE, REALM),
            ("an empty name", "puppet", "", PUPPET_REALM),
            ("a name of 60000 bytes", "puppet", "x" * 60000, PUPPET_REALM)]:
        with connect(name) as peer:
            answer = peer.ask(cer(host, realm, applications=APPLICATIONS))
            refused = answer is None or answer.result in (3010, 5004, 5014)
            # a request that follows at once is not answered either
            peer.send(our_mar(hop=2))
            case(f"{what}: no peer", refused and peer.is_ended() and serves(), repr(answer))
    with Peer(PLAIN) as peer:
        answer = peer.ask(our_cer())
        case("a peer of TLS on the plain line: no peer", answer and answer.result == 3010 and peer.is_ended(), repr(answer))


# what, the first message, the results that fit (None: no answer), whether the connection stays open
FIRST = [
    ("an unknown AVP", our_cer(avp(99999, "x", 0)), {2001}, True),
    ("a hundred unknown AVPs of vendors", our_cer(*[avp(50000 + n, "x" * n, 0, 193) for n in range(100)]), {2001}, True),
    # RFC 6733 5.3: what a peer can do more than we is no reason to refuse it
    ("an unknown AVP with the M bit", our_cer(avp(99999, "x", M)), {2001}, True),
    ("one of a vendor", our_cer(avp(99999, "x", M, 99)), {2001}, True),
    ("AVP bits that are none", our_cer(avp(99999, "x", 0x1f)), {2001, 3009}, None),
    ("an AVP longer than the message", our_cer(avp(269, "x", 0, length=200)), {5014}, False),
    ("an AVP of 16 MB", our_cer(avp(269, "x", 0, length=0xffffff)), {5014}, False),
    ("an AVP shorter than its head", our_cer(avp(269, "x", 0, length=4)), {5014}, False),
    ("an AVP of no length", our_cer(avp(269, "", 0, length=0)), {5014}, False),
    ("a number of two bytes", message(CER, 0, *HEAD[:3], avp(266, b"\0\0"), HEAD[4], *AUTH), {5014}, False),
    ("an address of no family", message(CER, 0, *HEAD[:2], avp(257, b"\xff\xff\x7f\0\0\1"), *HEAD[3:], *AUTH), {2001, 5004}, None),
    ("an address cut off", message(CER, 0, *HEAD[:2], avp(257, b"\0"), *HEAD[3:], *AUTH), {5004, 5014}, False),
    ("a group with nonsense in it", our_cer(avp(260, b"\xff" * 40)), {5014, 5004, 5001}, False),
    ("a group in a group in a group", our_cer(avp(260, avp(260, avp(260, avp(260, avp(258, ZH)))))), {2001, 5001, 5004, 5005, 5009}, None),
    ("no Origin-Host", our_cer(without=["host"]), {5005}, False),
    ("no Origin-Realm", our_cer(without=["realm"]), {5005}, False),
    ("two Origin-Hosts", our_cer(avp(264, AUTHN)), {5009}, False),
    ("no application in common", our_cer(applications=[4]), {5010}, False),
    ("a thousand applications", our_cer(*[avp(258, n) for n in range(1000)]), {2001, 5009, 5012}, None),
    ("an Origin-Host with a zero byte", message(CER, 0, avp(264, PUPPET + "\0"), *HEAD[1:], *AUTH), {3010, 5004}, False),
    ("six thousand empty AVPs", our_cer(*[avp(99999, "", 0)] * 6000), {2001, 5009, 5012}, None),
    ("an error for a request", our_cer(flags=REQUEST | ERROR), {2001, 3008}, None),
    ("a CEA", our_cer(avp(268, 2001), flags=0), {None}, False),
    ("a vector asked for at once", our_mar(), {None}, False),
    ("a watchdog at once", message(DWR, 0, *HEAD[:2]), {None}, False),
    ("version 2", our_cer(version=2), {None}, False),
    ("version 0", our_cer(version=0), {None}, False),
    ("a length below the head's", our_cer(length=16), {None}, False),
    ("a length of zero", our_cer(length=0), {None}, False),
    ("a length that is no multiple of four", our_cer(length=len(our_cer()) + 1) + b"x", {None, 5015}, False),
    ("a length of 16 MB", our_cer(length=0xfffffc), {None}, False),
    ("a length of 65540", our_cer(length=65540) + bytes(65600), {None}, False),
    ("text", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", {None}, False),
    ("zeroes", bytes(5000), {None}, False),
]


def first_messages():
    for what, data, results, stays in FIRST:
        with connect() as peer:
            answer = peer.ask(data)
            result = answer.result if answer else None
            ended = not stays and (answer is None or result == 2001 or peer.is_ended())
            if result == 2001 and stays is None:
                stays = True
            if stays:
                alive = peer.ask(message(DWR, 0, *HEAD[:2], hop=9))
                ended = not (alive and alive.command == DWR and alive.result == 2001)
            case(f"first: {what}", result in results and bool(stays) != ended and serves(),
                 f"{answer}, {'closed' if ended else 'open'}")


# what, a message of an open peer, the results that fit; None: no answer, the connection stays
LATER = [
    ("an unknown command", message(9999, ZH, *HEAD[:2], avp(283, REALM)), {3001}),
    ("an unknown application", message(MAR, 4, *HEAD[:2], avp(283, REALM)), {3007}),
    ("another CER", our_cer(), {2001, 3001, 5012, None}),
    ("a request with the error bit", our_mar(flags=REQUEST | ERROR), {3008}),
    ("an answer that nobody waits for", our_mar(avp(268, 2001), flags=0), {None}),
    ("an answer to nothing, malformed", message(MAR, ZH, b"\0\0\0\1\xff\xff\xff\xff", flags=0), {None}),
    ("no User-Name", our_mar(without=["user"]), {5005}),
    ("two User-Names", our_mar(avp(1, "a@b.c")), {5009}),
    ("an unknown AVP that must be understood", our_mar(avp(99999, "x", M)), {5001}),
    ("an AVP longer than the message", our_mar(avp(612, "x", M | V, TGPP, length=5000)), {5014}),
    ("an AVP of no length", our_mar(avp(1, "", length=0)), {5014}),
    ("a name of 60000 bytes", our_mar(avp(1, "x" * 60000), without=["user"]), {5004, 5014, 5012}),
    ("a name that is none", our_mar(avp(1, "\0\xff@"), without=["user"]), {5004, 5014}),
    ("an empty name", our_mar(avp(1, ""), without=["user"]), {5004, 5014}),
    ("a Session-Id of 4000 bytes", our_mar(session="x" * 4000), {5004, 5012, 5014}),
    ("an AUTS that is too short", our_mar(avp(612, avp(610, "short", M, TGPP), M, TGPP)), {5004, 5014}),
    ("an AUTS that is forged", our_mar(avp(612, avp(610, bytes(30), M, TGPP), M, TGPP)), {4001}),
    ("a group with nonsense in it", our_mar(avp(612, b"\xff" * 100, M, TGPP)), {5014, 5004, 5001}),
    ("for another realm", our_mar(to_realm="other.example"), {3003}),
    ("for another host", our_mar(avp(293, "other.realm.example")), {3002}),
    ("in another's name", mar(AUTHN, REALM, CLIENT), {3010, 5012, 3002}),
    ("a message that was here before", our_mar(avp(282, NODE)), {3005}),
    ("a permission without a client", message(AAR, NASREQ, avp(263, "x;1;2;0badcafe"), avp(258, 1), *HEAD[:2], avp(283, REALM), avp(274, 2)),
     {5005}),
    ("a permission for an application that is none", message(
        AAR, NASREQ, avp(263, "x;1;2;0badcafe"), avp(258, 1), *HEAD[:2], avp(283, REALM), avp(274, 2), avp(277, 1), avp(1, CLIENT),
        avp(402, b"\xff\0\xff", M, TGPP)), {5004, 5014}),
]


def later_messages():
    if ZH not in APPLICATIONS:
        return
    for what, data, results in LATER:
        with opened() as peer:
            peer.send(data)
            answer = None if results == {None} else peer.receive()
            alive = peer.ask(message(DWR, 0, *HEAD[:2], hop=9))
            case(f"of a peer: {what}", (answer.result if answer else None) in results
                 and alive and alive.command == DWR and alive.result == 2001 and serves(), f"{answer}, then {alive}")
    with opened() as peer:
        answer = peer.ask(our_mar(avp(99999, "x", M)))
        case("of a peer: what was wrong stands in Failed-AVP", 279 in answer.codes, repr(answer))
    with opened() as peer:
        peer.send(b"".join(our_mar(avp(99999, "x", M), hop=n) for n in range(500)))
        answers = [peer.receive() for _ in range(500)]
        case("of a peer: 500 wrong ones at once, each answered", all(a and a.result == 5001 for a in answers))
    with opened() as peer:
        answer = peer.ask(message(DPR, 0, *HEAD[:2], avp(273, 2)))
        case("of a peer: it leaves", answer and answer.command == DPR and answer.result == 2001 and peer.is_ended(), repr(answer))


def change(generator, data):
    data = bytearray(data)
    for _ in range(generator.randrange(1, 6)):
        at = generator.randrange(len(data))
        data[at] = generator.choice([0, 1, 0x7f, 0x80, 0xff, generator.randrange(256)])
    return bytes(data[:generator.randrange(len(data))] if generator.random() < 0.2 else data)


def noise():
    for seed in range(150):
        generator = random.Random(seed)
        with connect() as peer:
            peer.send(change(generator, our_cer(avp(260, avp(266, TGPP) + avp(258, ZH)))))
            peer.send(generator.randbytes(generator.randrange(2000)))
    case("a hundred and fifty first messages changed", serves(), "no 401")
    for seed in range(150):
        generator = random.Random(seed)
        with opened() as peer:
            for _ in range(10):
                peer.send(change(generator, our_mar(avp(612, avp(608, "Digest-AKAv1-MD5", M, TGPP), M, TGPP))))
    case("fifteen hundred later ones", serves(), "no 401")


def main():
    case("a device is served", serves(), "no 401")
    with opened() as peer:
        case("so is a peer", peer.ask(message(DWR, 0, *HEAD[:2])).result == 2001)
    before, memory = descriptors(PID), memory_kib(PID)
    strangers()
    first_messages()
    later_messages()
    noise()
    case("no connection is left over", wait_until(lambda: descriptors(PID) <= before), f"{descriptors(PID)}, before {before}")
    grown = memory_kib(PID) - memory
    case("and no memory", grown < GROWTH_KIB, f"{grown} KiB more")
    print(f"# {grown} KiB grown")


main()
