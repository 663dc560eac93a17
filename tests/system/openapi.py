"""Walks the OpenAPI document of a running node: openapi.py SOURCE WORK ADDRESS. One line a case, "ok ..." or "not ok ..."."""
import http.client
import json
import pathlib
import re
import socket
import ssl
import sys

import jsonschema

source, work, address = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
ROLES = ("operator", "asp", "subscriber", "anyone")
token = None
ASP = "cin:U72200KA2001PTC028000"
CLIENT = "001010123456789@realm.example"


def case(text, why=None):
    print(("ok " if not why else "not ok ") + text + (": " + str(why)[:300].replace("\n", " ") if why else ""))


class Connection(http.client.HTTPSConnection):
    """To the portal's address, as the name in its certificate."""

    def connect(self):
        host, port = address.rsplit(":", 1)
        self.sock = self._context.wrap_socket(socket.create_connection((host, int(port)), 10),
                                              server_hostname="authz1.realm.example")


def ask(role, method, path, body=None):
    context = ssl.create_default_context(cafile=work / "ca.pem")
    if role in ("operator", "asp"):
        name = "operator" if role == "operator" else "gateway"
        context.load_cert_chain(work / (name + ".pem"), work / (name + ".key"))
    fields = {"Content-Type": "application/json"} if body is not None else {}
    if role == "subscriber":
        fields["Authorization"] = "Bearer " + token
    connection = Connection("authz1.realm.example", context=context, timeout=20)
    connection.request(method, path, json.dumps(body) if body is not None else None, fields)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, answer.headers.get_content_type() if text else None, json.loads(text) if text else None


status, _, document = ask("anyone", "GET", "/v1/openapi.json")
case("the document is served to anyone", status != 200 and status)
resolver = jsonschema.RefResolver("", document)


def fault(schema, value):
    checker = jsonschema.Draft202012Validator(schema, resolver=resolver)
    return next((f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in checker.iter_errors(value)), None)


for name, schema in document["components"]["schemas"].items():
    jsonschema.Draft202012Validator.check_schema(schema)

# --- against the table of routes ---

rows = re.findall(r'ROUTE\("(\w+)", "([^"]+)",\s*([^,]+),\s*(\w+)\)', (source / "src/authz/api/api.c").read_text())
names = {"WHO_OPERATOR": ["operator"], "WHO_ASP": ["asp"], "WHO_SUBSCRIBER": ["subscriber"], "WHO_ANYONE": ["anyone"],
         "WHO_SIGNED_IN": ["operator", "asp", "subscriber"]}
routes = {(m, p.replace("{}", "{id}")): sorted({r for w in who.split("|") for r in names[w.strip()]})
          for m, p, who, _ in rows}
documented = {(m.upper(), p): sorted(o["x-roles"]) for p, item in document["paths"].items() for m, o in item.items()}
case("there are routes", len(routes) < 40 and len(routes))
case("every route is documented", sorted(set(routes) - set(documented)))
case("every documented operation is a route", sorted(set(documented) - set(routes)))
case("and says who may", [k for k in routes if k in documented and routes[k] != documented[k]])


def check(role, method, path, body=None, template=None, want=None):
    """One request; its answer must be documented, and as its schema says."""
    operation = document["paths"][template or path.split("?")[0]][method.lower()]
    status, kind, answer = ask(role, method, path, body)
    text = f"{role}: {method} {path}"
    if want and status != want:
        return case(text, f"{status} {answer}")
    described = operation["responses"].get(str(status))
    if described is None:
        bad = fault({"$ref": "#/components/schemas/Problem"}, answer) or \
            (kind != "application/problem+json" and kind) or (answer["status"] != status and "another status")
        return case(f"{text}: a problem, {status}", bad)
    if "content" not in described:
        return case(f"{text}: {status} without a body", answer)
    case(f"{text}: {status}, as its schema says", fault(described["content"]["application/json"]["schema"], answer))
    return answer


# --- what is there is shown as it says ---

check("operator", "POST", "/v1/subscribers", {"id": "alice", "verification": "postpaid", "name": "Alice"}, want=201)
check("operator", "POST", "/v1/devices", {"client": CLIENT, "subscriber": "alice",
                                          "k": "465b5ce8b199b49faa5f0a2ee238a6bc",
                                          "opc": "cd63cb71954a9f4e48a5994e37a02baf"}, want=201)
check("operator", "POST", "/v1/asps", {"id": ASP, "name": "Example", "elements": ["gateway.app.example"]}, want=201)
check("asp", "POST", "/v1/applications", {"id": "app.example", "ua": ["0100000007"], "format": "y3056", "title": "App",
                                          "published": True}, want=201)
check("operator", "POST", "/v1/applications/app.example/confirm", {}, "/v1/applications/{id}/confirm", 200)
check("operator", "PATCH", "/v1/applications/app.example", {"lifetime": 600}, "/v1/applications/{id}", 200)
check("operator", "PUT", "/v1/grants", {"client": CLIENT, "application": "app.example", "rights": ["read"]}, want=200)
check("operator", "PUT", "/v1/subscribers/alice/account", {"password": "correct horse"}, "/v1/subscribers/{id}/account", 200)
session = check("anyone", "POST", "/v1/sessions", {"subscriber": "alice", "password": "correct horse"}, want=201)
token = session["token"]
check("anyone", "POST", "/v1/codes", {"subscriber": "alice"}, want=202)
check("asp", "POST", "/v1/keys", {"name": "billing"}, want=201)
check("asp", "POST", "/v1/certificates", {"csr": (work / "new.csr").read_text()}, want=201)
applied = check("anyone", "POST", "/v1/asp-applications",
                {"id": "cin:L17110MH1973PLC019786", "name": "New", "elements": ["gw.new.example"], "contact": "new",
                 "csr": (work / "new.csr").read_text()}, want=202)
place = "/v1/asp-applications/" + applied["id"]
check("anyone", "POST", place + "/collect", {"secret": applied["secret"]}, "/v1/asp-applications/{id}/collect", 202)
check("operator", "GET", place, None, "/v1/asp-applications/{id}", 200)
check("operator", "POST", place + "/approve", {}, "/v1/asp-applications/{id}/approve", 200)
check("anyone", "POST", place + "/collect", {"secret": applied["secret"]}, "/v1/asp-applications/{id}/collect", 200)
for path, template in (("/v1/subscribers/alice", "/v1/subscribers/{id}"), ("/v1/devices/" + CLIENT, "/v1/devices/{id}"),
                       ("/v1/asps/" + ASP, "/v1/asps/{id}"), ("/v1/applications/app.example", "/v1/applications/{id}"),
                       ("/v1/problems/conflict", "/v1/problems/{id}"), ("/v1/catalogue/app.example", "/v1/catalogue/{id}")):
    check("operator", "GET", path, None, template, 200)

# --- every operation, as every role: what is there is listed, what is not there is a problem ---

QUERIES = {"/v1/grants": "?application=app.example", "/v1/certificates": "?asp=" + ASP}
for (method, template), roles in documented.items():
    operation = document["paths"][template][method.lower()]
    body = {} if "requestBody" in operation else None
    for role in ROLES:
        path = template.replace("{id}", "nothing-here.example")
        path += QUERIES.get(template, "") if method == "GET" and role != "asp" else ""
        if role in roles or "anyone" in roles:
            if not (method == "DELETE" and "{id}" not in template):
                check(role, method, path, body, template)
            continue
        status, _, answer = ask(role, method, path, body)
        want = 401 if role == "anyone" else 403
        case(f"{role}: {method} {path}: {want}", (status != want and status) or
             fault({"$ref": "#/components/schemas/Problem"}, answer))
