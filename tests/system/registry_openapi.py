"""Walks the OpenAPI document of a running registry: registry_openapi.py SOURCE WORK ADDRESS HOST. One line a case."""
import http.client
import json
import pathlib
import re
import socket
import ssl
import sys

import jsonschema

source, work, address, host = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4]
ASKERS = ("administrator", "auditor", "anyone")  # others are known by more than a certificate
TEXTS = ("application/json", "application/problem+json")


def case(text, why=None):
    print(("ok " if not why else "not ok ") + text + (": " + str(why)[:300].replace("\n", " ") if why else ""))


class Connection(http.client.HTTPSConnection):
    """To the registry's address, as the name in its certificate."""

    def connect(self):
        name, port = address.rsplit(":", 1)
        self.sock = self._context.wrap_socket(socket.create_connection((name, int(port)), 10), server_hostname=host)


def ask(role, method, path, body=None):
    context = ssl.create_default_context(cafile=work / "ca.pem")
    if role != "anyone":
        context.load_cert_chain(work / (role + ".pem"), work / (role + ".key"))
    fields = {"Content-Type": "application/json"} if body is not None else {}
    connection = Connection(host, context=context, timeout=20)
    connection.request(method, path, json.dumps(body) if body is not None else None, fields)
    answer = connection.getresponse()
    kind = answer.headers.get_content_type()
    if kind == "text/event-stream":  # it has no end
        connection.close()
        return answer.status, kind, None
    text = answer.read()
    connection.close()
    return answer.status, kind if text else None, json.loads(text) if text and kind in TEXTS else text


status, _, document = ask("anyone", "GET", "/v1/openapi.json")
case("the document is served to anyone", status != 200 and status)
resolver = jsonschema.RefResolver("", document)


def fault(schema, value):
    checker = jsonschema.Draft202012Validator(schema, resolver=resolver)
    return next((f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in checker.iter_errors(value)), None)


for name, schema in document["components"]["schemas"].items():
    jsonschema.Draft202012Validator.check_schema(schema)

# --- against the table of routes ---

rows = re.findall(r'ROUTE\("(\w+)", "([^"]+)",\s*([^,]+),\s*(\w+)\)', (source / "src/registry/api/routes.c").read_text())
names = {"WHO_ADMIN": ["administrator"], "WHO_AUDITOR": ["auditor"], "WHO_STAFF": ["administrator", "auditor"],
         "WHO_PEER": ["registry"], "WHO_DEVICE": ["device"], "WHO_PARTY": ["party"], "WHO_ANYONE": ["anyone"]}


def template(path):
    return path.replace("{}", "{id}", 1).replace("{}", "{part}", 1).replace("{*}", "{rest}")


routes = {(m, template(p)): sorted({r for w in who.split("|") for r in names[w.strip()]}) for m, p, who, _ in rows}
documented = {(m.upper(), p): sorted(o["x-roles"]) for p, item in document["paths"].items() for m, o in item.items()}
case("there are routes", len(routes) < 10 and len(routes))
case("each route is there once", len(rows) - len(routes))
case("every route is documented", sorted(set(routes) - set(documented)))
case("every documented operation is a route", sorted(set(documented) - set(routes)))
case("and says who may", [(k, routes[k], documented[k]) for k in routes if k in documented and routes[k] != documented[k]])


def check(role, method, path, body=None, of=None, want=None):
    """One request; its answer must be documented, and as its schema says."""
    operation = document["paths"][of or path.split("?")[0]][method.lower()]
    status, kind, answer = ask(role, method, path, body)
    text = f"{role}: {method} {path}"
    if want and status != want:
        return case(text, f"{status} {answer}")
    described = operation["responses"].get(str(status))
    if described is None:
        bad = fault({"$ref": "#/components/schemas/Problem"}, answer) or \
            (kind != "application/problem+json" and kind) or (answer["status"] != status and "another status") or \
            (status >= 500 and answer)
        return case(f"{text}: a problem, {status}", bad)
    if "content" not in described:
        return case(f"{text}: {status} without a body", answer)
    if kind not in described["content"]:
        return case(f"{text}: {status}", f"{kind} is not documented")
    schema = described["content"][kind]["schema"]
    case(f"{text}: {status}, as its schema says", kind == "application/json" and fault(schema, answer))
    return answer


# --- what is there is shown as it says ---

check("anyone", "GET", "/.well-known/trust-registry", want=200)
check("anyone", "GET", "/practice-statement", want=200)
check("anyone", "GET", "/log/checkpoint", want=200)
check("anyone", "GET", "/log/tile/0/000.p/1", of="/log/tile/{rest}", want=200)
check("anyone", "GET", "/v1/log/proofs/inclusion?seq=0&size=1", want=200)
check("anyone", "GET", "/v1/log/proofs/consistency?from=1&to=1", want=200)
check("anyone", "GET", "/v1/problems/conflict", of="/v1/problems/{id}", want=200)
check("auditor", "GET", "/v1/status", want=200)
check("auditor", "GET", "/v1/events", want=200)
check("auditor", "GET", "/v1/queries", want=200)

# --- every operation, as every role: what is there is listed, what is not there is a problem ---

for (method, place), roles in documented.items():
    operation = document["paths"][place][method.lower()]
    body = {} if "requestBody" in operation else None
    for role in ASKERS:
        path = place.replace("{id}", "nothing-here").replace("{part}", "nothing").replace("{rest}", "nothing")
        if role in roles or "anyone" in roles:
            check(role, method, path, body, place)
            continue
        status, _, answer = ask(role, method, path, body)
        want = (401,) if role == "anyone" else (403,)
        case(f"{role}: {method} {path}: {want[0]}", (status not in want and f"{status} {answer}") or
             fault({"$ref": "#/components/schemas/Problem"}, answer))
