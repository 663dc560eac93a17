"""Diameter messages (RFC 6733) as bytes, right or wrong, and a peer that sends them."""
import socket
import struct

from hostile import PATIENCE, dial, read_to_end, send_all

M, V, P = 0x40, 0x80, 0x20
REQUEST, ERROR = 0x80, 0x20
CER, AAR, DWR, DPR, MAR, BIR = 257, 265, 280, 282, 303, 310
ZH, ZN, NASREQ, TGPP = 16777221, 16777220, 1, 10415


def avp(code, data, flags=M, vendor=None, length=None):
    if isinstance(data, str):
        data = data.encode("latin-1")
    elif isinstance(data, int):
        data = struct.pack("!I", data)
    header = 8 if vendor is None else 12
    flags |= 0 if vendor is None else V
    said = header + len(data) if length is None else length
    out = struct.pack("!IB", code, flags) + said.to_bytes(3, "big")
    out += b"" if vendor is None else struct.pack("!I", vendor)
    return out + data + bytes(-len(data) % 4)


def message(command, application, *avps, flags=REQUEST, version=1, length=None, hop=1, end=1):
    body = b"".join(avps)
    said = 20 + len(body) if length is None else length
    return (bytes([version]) + said.to_bytes(3, "big") + bytes([flags]) + command.to_bytes(3, "big")
            + struct.pack("!III", application, hop, end) + body)


def cer(host, realm, *more, applications=(ZH, NASREQ), without=(), **options):
    avps = {"host": avp(264, host), "realm": avp(296, realm), "address": avp(257, b"\0\1\x7f\0\0\1"),
            "vendor": avp(266, 0), "product": avp(269, "test", 0)}
    avps = [data for name, data in avps.items() if name not in without]
    avps += [avp(258, application) for application in applications]
    return message(CER, 0, *avps, *more, **options)


def mar(host, realm, client, *more, session=None, without=(), to_realm="realm.example", application=ZH, **options):
    avps = {"session": avp(263, session or f"{host};1;2;0badcafe"), "state": avp(277, 1), "host": avp(264, host),
            "realm": avp(296, realm), "to": avp(283, to_realm), "user": avp(1, client)}
    vendor = avp(260, avp(266, TGPP) + avp(258, ZH))
    avps = [avps["session"], vendor] + [data for name, data in avps.items() if name not in ("session", *without)]
    return message(MAR, application, *avps, *more, **options)


class Answer:
    """The parts of a message that the tests look at."""

    def __init__(self, data):
        self.flags, self.command = data[4], int.from_bytes(data[5:8], "big")
        self.codes, self.result = [], 0
        at = 20
        while at + 8 <= len(data):
            code, length = struct.unpack("!I", data[at:at + 4])[0], int.from_bytes(data[at + 5:at + 8], "big")
            self.codes.append(code)
            if code == 268:
                self.result = struct.unpack("!I", data[at + 8:at + 12])[0]
            elif code == 297:
                self.result = int.from_bytes(data[at + length - 4:at + length], "big")
            at += (length + 3) // 4 * 4

    def __repr__(self):
        return f"command {self.command} flags {self.flags:#x} result {self.result} AVPs {self.codes}"


class Peer:
    def __init__(self, address, context=None, name=None):
        self.sock = dial(address, context, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        return send_all(self.sock, data)

    def receive(self):
        """The next message, None when the connection ends instead."""
        data = b""
        while len(data) < 4 or len(data) < int.from_bytes(data[1:4], "big"):
            want = 4 if len(data) < 4 else int.from_bytes(data[1:4], "big")
            try:
                part = self.sock.recv(want - len(data))
            except socket.timeout:
                raise
            except OSError:
                part = b""
            if not part:
                return None
            data += part
        return Answer(data)

    def ask(self, data):
        self.send(data)
        return self.receive()

    def rest(self):
        """All until the other side closes; a TLS alert may be among it."""
        return read_to_end(self.sock)

    def is_ended(self):
        """Whether the other side closes, without another word."""
        self.sock.settimeout(PATIENCE)
        return read_to_end(self.sock) == b""
