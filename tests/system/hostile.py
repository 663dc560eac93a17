"""What the raw-socket tests share. Cases are printed as "ok TEXT" or "not ok TEXT: why"; cases_of in realm.sh counts them."""
import os
import socket
import ssl
import time

PATIENCE = 20  # seconds; only a failure takes so long


def case(text, passed, why=""):
    print(f"ok {text}" if passed else f"not ok {text}: {why}", flush=True)
    return passed


def split(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)


def tls_context(authority=None, certificate=None):
    """A client's; certificate: NAME of NAME.pem and NAME.key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority:
        context.load_verify_locations(authority)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate + ".pem", certificate + ".key")
    return context


def dial(address, context=None, name=None, source=None):
    sock = socket.create_connection(split(address), timeout=PATIENCE, source_address=(source, 0) if source else None)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(sock, server_hostname=name) if context else sock


def send_all(sock, data):
    """As much as the other side takes; it may have closed already."""
    try:
        sock.sendall(data)
        return True
    except OSError:
        return False


def read_to_end(sock, most=1 << 20):
    """All until the peer closes; None when it does not within PATIENCE."""
    data = b""
    while len(data) < most:
        try:
            part = sock.recv(65536)
        except (socket.timeout, TimeoutError):
            return None
        except OSError:
            break
        if not part:
            break
        data += part
    return data


def read_answer(sock):
    """One HTTP answer: (status, head in lower case, body); (0, "", b"") when the connection ends first."""
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            part = sock.recv(65536)
        except OSError:
            part = b""
        if not part:
            return 0, "", data
        data += part
    head, body = data.split(b"\r\n\r\n", 1)
    head = head.decode("latin-1")
    length = [int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length:")]
    while length and len(body) < length[0]:
        part = sock.recv(65536)
        if not part:
            break
        body += part
    return int(head.split(" ")[1]), head.lower(), body


def start_request(node, client):
    """10.4/1a as a device sends it."""
    return (f"GET / HTTP/1.1\r\nHost: {node}\r\nUser-Agent: test 3gpp-gba\r\nAuthorization: Digest "
            f'username="{client}", realm="{node}", nonce="", uri="/", response=""\r\n\r\n').encode()


def start_status(address, node, client, context=None):
    with dial(address, context, node) as sock:
        sock.sendall(start_request(node, client))
        return read_answer(sock)[0]


def memory_kib(pid, field="VmRSS"):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field))


# What input that was refused may leave behind. A sanitizer keeps freed memory for a while, and more of it.
GROWTH_KIB = 512 << 10 if os.environ.get("SYMBOLON_SANITIZED") else 8192


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def wait_until(holds, seconds=PATIENCE):
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
