#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document of the authorization element's API, as JSON or as C.

usage: openapi.py [OUT.c]

One row an operation, in the order of the table of routes (api.c): tests/system/49-openapi.sh compares the two, and walks
the document against a running node.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
import openapi  # noqa: E402
from openapi import ANY, BOOL, INT, TEXT, TIME, WORDS, body, obj, page, ref  # noqa: E402

KEY = {"k": TEXT, "opc": TEXT, "op": TEXT, "topc": TEXT, "top": TEXT, "amf": TEXT, "sqn": INT, "algorithm": TEXT,
       "keccak_iterations": INT, "res_bytes": INT}
VERIFICATION = {"type": "string", "enum": ["none", "prepaid", "postpaid"]}
ENTRY = {"title": TEXT, "description": TEXT, "published": BOOL, "attributes": WORDS, "verification": VERIFICATION,
         "administrators": {"type": "array", "items": {"type": "string", "enum": ["asp", "operator", "user"]}}}
TERMS = {"format": {"type": "string", "enum": ["y3056", "gba"]}, "degree": TEXT, "lifetime": INT, "identity": BOOL}
CERTIFICATE = {"serial": TEXT, "until": TIME, "certificate": TEXT, "authority": TEXT}

SCHEMAS = {
    "Problem": {**obj({"type": TEXT, "title": TEXT, "status": INT, "detail": TEXT}), "description": "RFC 9457"},
    "ProblemType": obj({"type": TEXT, "title": TEXT, "status": INT, "detail": TEXT}),
    "Status": obj({"node": TEXT, "realm": TEXT, "version": TEXT, "uptime": INT, "peers": {"type": "array"}, "store": ANY,
                   "counts": ANY, "sessions": ANY}),
    "Realm": obj({"node": TEXT, "realm": TEXT, "reference_points": ANY, "token_formats": WORDS,
                  "degrees": {"type": "array", "items": obj({"name": TEXT, "lifetime": INT})}}),
    "Subscriber": obj({"id": TEXT, "verification": VERIFICATION, "name": TEXT, "created": TIME},
                      {"claims": ANY, "verified": TIME}),
    "Device": obj({"client": TEXT, "created": TIME},
                  {"subscriber": TEXT, "device": TEXT, "algorithm": TEXT, "public_key": TEXT, "certified": BOOL,
                   "exportable": BOOL, "leaving": BOOL, "key_update": BOOL}),
    "Asp": obj({"id": TEXT, "name": TEXT, "created": TIME, "elements": WORDS}),
    "Application": obj({"id": TEXT, "asp": TEXT, "service": INT, "created": TIME, "ua": WORDS, "reason": TEXT,
                        "state": {"type": "string", "enum": ["unproven", "pending", "confirmed", "refused"]},
                        **TERMS, **ENTRY},
                       {"group": TEXT, "challenge": obj({"type": TEXT, "content": TEXT}, {"url": TEXT, "name": TEXT})}),
    "Entry": obj({"id": TEXT, "asp": TEXT, **ENTRY}),
    "Grant": obj({"application": TEXT, "rights": WORDS, "attributes": WORDS, "created": TIME, "set_by": TEXT},
                 {"client": TEXT, "subject": TEXT, "until": TIME, "delegated_from": TEXT}),
    "Import": obj({"id": TEXT, "lines": INT, "digest": TEXT, "added": INT, "failed": INT, "created": TIME, "updated": TIME}),
    "Session": obj({"id": TEXT, "created": TIME, "until": TIME}),
    "ApiKey": obj({"id": TEXT, "role": TEXT, "name": TEXT, "created": TIME}, {"asp": TEXT, "until": TIME, "key": TEXT}),
    "AspApplication": obj({"id": TEXT, "asp": TEXT, "name": TEXT, "contact": TEXT, "state": TEXT, "reason": TEXT,
                           "created": TIME, "elements": WORDS}),
    "Decision": obj({"id": TEXT, "asp": TEXT, "state": TEXT}),
    "Certificate": obj({"serial": TEXT, "until": TIME, "certificate": TEXT}, {"names": TEXT, "created": TIME}),
    "Extension": obj({"id": TEXT, "application": TEXT, "attributes": WORDS, "state": TEXT, "reason": TEXT},
                     {"subscriber": TEXT, "client": TEXT, "asp": TEXT, "subject": TEXT, "jwt": TEXT}),
    "Change": obj({"id": TEXT, "state": TEXT, "method": TEXT, "old_realm": TEXT, "client": TEXT, "new_client": TEXT,
                   "detail": TEXT}, {"subscriber": TEXT, "order": TEXT}),
    "Departure": obj({"id": TEXT, "new_realm": TEXT, "client": TEXT, "state": TEXT, "method": TEXT, "key_handed_over": BOOL}),
    "Notification": obj({"id": TEXT, "at": TIME, "kind": TEXT, "object": TEXT, "text": TEXT}),
    "AuditRow": obj({"id": TEXT, "at": TIME, "role": TEXT, "by": TEXT, "operation": TEXT, "object": TEXT, "alias": TEXT,
                     "detail": TEXT}),
}

OP, ASP, SUB = "operator", "asp", "subscriber"
ALL = (OP, ASP, SUB)
ANYONE = ("anyone",)
PAGE = ("after", "limit")
NONE = body()
REASON = body({}, {"reason": TEXT})
GONE = {204: None}

# method, path, who, what it does, further query parameters, body, answers
ROWS = [
    ("GET", "/v1/openapi.json", ANYONE, "This document", (), None, {200: ANY}),
    ("GET", "/v1/problems/{}", ANYONE, "What a type of problem means", (), None, {200: ref("ProblemType")}),
    ("GET", "/v1/status", (OP,), "How the node is", (), None, {200: ref("Status")}),
    ("GET", "/v1/realm", (OP,), "The realm", (), None, {200: ref("Realm")}),
    ("POST", "/v1/subscribers", (OP,), "Register a subscriber", (),
     body({"id": TEXT, "verification": VERIFICATION}, {"name": TEXT, "claims": ANY, "verified": TIME}),
     {201: ref("Subscriber")}),
    ("GET", "/v1/subscribers", (OP,), "List subscribers", PAGE, None, {200: page(ref("Subscriber"))}),
    ("GET", "/v1/subscribers/{}", (OP,), "Show one", (), None, {200: ref("Subscriber")}),
    ("PATCH", "/v1/subscribers/{}", (OP,), "Change what was verified of one, and how", (),
     body({}, {"verification": VERIFICATION, "name": TEXT, "claims": ANY, "verified": TIME}), {200: ref("Subscriber")}),
    ("DELETE", "/v1/subscribers/{}", (OP,), "Remove one, with devices and permissions", (), None, GONE),
    ("POST", "/v1/subscribers/{}/pull", (OP,), "Read one from the operator's directory", (), NONE, {200: ANY}),
    ("GET", "/v1/directory", (OP,), "Whether the directory answers", (), None, {200: ANY}),
    ("POST", "/v1/devices", (OP,), "Register a client element", (),
     body({"client": TEXT, "subscriber": TEXT},
          {"device": TEXT, "public_key": TEXT, "certified": BOOL, "exportable": BOOL, **KEY}), {201: ref("Device")}),
    ("GET", "/v1/devices", (OP,), "List client elements", PAGE + ("subscriber",), None, {200: page(ref("Device"))}),
    ("GET", "/v1/devices/{}", (OP,), "Show one", (), None, {200: ref("Device")}),
    ("PATCH", "/v1/devices/{}", (OP,), "Change what may be done with its key", (),
     body({}, {"exportable": BOOL, "key_update": BOOL}), {200: ref("Device"), **GONE}),
    ("DELETE", "/v1/devices/{}", (OP,), "Remove one, with its permissions", (), None, GONE),
    ("PUT", "/v1/devices/{}/public-key", (OP,), "Register its public key", (), body({"public_key": TEXT}),
     {200: ref("Device"), **GONE}),
    ("DELETE", "/v1/devices/{}/public-key", (OP,), "Take it away", (), None, {200: ref("Device"), **GONE}),
    ("POST", "/v1/asps", (OP,), "Register an ASP", (), body({"id": TEXT, "name": TEXT, "elements": WORDS}), {201: ref("Asp")}),
    ("GET", "/v1/asps", (OP,), "List ASPs", PAGE, None, {200: page(ref("Asp"))}),
    ("GET", "/v1/asps/{}", (OP,), "Show one", (), None, {200: ref("Asp")}),
    ("PATCH", "/v1/asps/{}", (OP,), "Add and remove elements", (), body({}, {"add": WORDS, "remove": WORDS}), GONE),
    ("DELETE", "/v1/asps/{}", (OP,), "Remove one that has no applications", (), None, GONE),
    ("POST", "/v1/applications", (OP, ASP), "Register an application", (),
     body({"id": TEXT, "ua": WORDS}, {"asp": TEXT, "group": TEXT, "service": INT, **TERMS, **ENTRY}),
     {201: ref("Application")}),
    ("GET", "/v1/applications", (OP, ASP), "List applications", PAGE + ("asp",), None, {200: page(ref("Application"))}),
    ("GET", "/v1/applications/{}", (OP, ASP), "Show one", (), None, {200: ref("Application")}),
    ("PATCH", "/v1/applications/{}", (OP, ASP), "Change one", (),
     body({}, {"degree": TEXT, "lifetime": INT, "identity": BOOL, "format": TEXT, **ENTRY}), {200: ref("Application")}),
    ("DELETE", "/v1/applications/{}", (OP, ASP), "Remove one, with its permissions", (), None, GONE),
    ("PUT", "/v1/grants", ALL, "Set the service permission flag", (),
     body({"application": TEXT}, {"client": TEXT, "subject": TEXT, "until": TIME, "rights": WORDS, "attributes": WORDS}),
     {200: ref("Grant")}),
    ("GET", "/v1/grants", ALL, "List permissions", PAGE + ("client", "subject", "application"), None,
     {200: page(ref("Grant"))}),
    ("DELETE", "/v1/grants", ALL, "Clear the flag", ("client", "subject", "application"), None,
     {200: obj({"sessions": INT})}),
    ("GET", "/v1/change-key", ANYONE, "The key that other operators seal keys to", (), None, {200: ANY}),
    ("POST", "/v1/changes", (OP, SUB), "Begin a change of operator, to this one", (),
     body({"consent": TEXT}, {"subscriber": TEXT}), {201: ref("Change")}),
    ("GET", "/v1/changes", (OP, SUB), "List changes", PAGE, None, {200: page(ref("Change"))}),
    ("GET", "/v1/changes/{}", (OP, SUB), "Show one", (), None, {200: ref("Change")}),
    ("DELETE", "/v1/changes/{}", (OP, SUB), "Give one up", (), None, {200: ref("Change"), **GONE}),
    ("POST", "/v1/changes/{}/receipt", (OP, SUB), "Bring the device's receipt", (), body({"receipt": TEXT}),
     {200: ref("Change")}),
    ("POST", "/v1/changes/{}/approve", (OP,), "Approve one", (), NONE, {200: ref("Change")}),
    ("POST", "/v1/changes/{}/refuse", (OP,), "Refuse one", (), REASON, {200: ref("Change")}),
    ("GET", "/v1/departures", (OP,), "List clients that leave for another operator", PAGE, None,
     {200: page(ref("Departure"))}),
    ("GET", "/v1/imports", (OP,), "List batches of SIMs", PAGE, None, {200: page(ref("Import"))}),
    ("GET", "/v1/imports/{}", (OP,), "Show one", (), None, {200: ref("Import")}),
    ("POST", "/v1/imports/{}", (OP,), "Bring lines of one", (),
     body({"after": INT, "before": TEXT, "digest": TEXT, "lines": WORDS}, {"columns": TEXT, "transport": ANY}),
     {200: ref("Import")}),
    ("GET", "/v1/imports/{}/errors", (OP,), "What was wrong in it", PAGE, None,
     {200: page(obj({"line": INT, "detail": TEXT}))}),
    ("GET", "/v1/me", ALL, "Who one is taken for", (), None, {200: obj({"role": TEXT, "by": TEXT})}),
    ("PUT", "/v1/subscribers/{}/account", (OP,), "Let a subscriber sign in", (), body({}, {"password": TEXT}),
     {200: obj({"subscriber": TEXT, "password": BOOL})}),
    ("DELETE", "/v1/subscribers/{}/account", (OP,), "Let it sign in no more", (), None, GONE),
    ("PUT", "/v1/account", (SUB,), "Change one's own password", (), body({"current": TEXT, "password": TEXT}),
     {200: obj({"subscriber": TEXT, "password": BOOL})}),
    ("POST", "/v1/codes", ANYONE, "Have a one-time code sent", (), body({"subscriber": TEXT}), {202: obj({"lifetime": INT})}),
    ("POST", "/v1/sessions", ANYONE, "Sign in", (), body({"subscriber": TEXT}, {"password": TEXT, "code": TEXT}),
     {201: obj({"subscriber": TEXT, "id": TEXT, "created": TIME, "until": TIME, "token": TEXT})}),
    ("GET", "/v1/sessions", (SUB,), "List one's sessions", PAGE, None, {200: page(ref("Session"))}),
    ("DELETE", "/v1/sessions/{}", (SUB,), "End one, or the current one", (), None, GONE),
    ("POST", "/v1/keys", (OP, ASP), "Make an API key", (), body({"name": TEXT}, {"asp": TEXT, "until": TIME}),
     {201: ref("ApiKey")}),
    ("GET", "/v1/keys", (OP, ASP), "List API keys", PAGE + ("asp",), None, {200: page(ref("ApiKey"))}),
    ("DELETE", "/v1/keys/{}", (OP, ASP), "Remove one", (), None, GONE),
    ("POST", "/v1/asp-applications", ANYONE, "Apply as an ASP (10.2)", (),
     body({"id": TEXT, "name": TEXT, "elements": WORDS, "contact": TEXT, "csr": TEXT}),
     {202: obj({"id": TEXT, "asp": TEXT, "state": TEXT, "secret": TEXT, "until": TIME})}),
    ("GET", "/v1/asp-applications", (OP,), "List who applies", PAGE + ("state",), None, {200: page(ref("AspApplication"))}),
    ("GET", "/v1/asp-applications/{}", (OP,), "Show one", (), None, {200: ref("AspApplication")}),
    ("POST", "/v1/asp-applications/{}/approve", (OP,), "Approve one", (), NONE, {200: ref("Decision")}),
    ("POST", "/v1/asp-applications/{}/refuse", (OP,), "Refuse one", (), REASON, {200: ref("Decision")}),
    ("POST", "/v1/asp-applications/{}/collect", ANYONE, "Collect the certificate, with the claim secret", (),
     body({"secret": TEXT}), {200: obj({"id": TEXT, "asp": TEXT, "state": TEXT, **CERTIFICATE}), 202: ref("Decision")}),
    ("POST", "/v1/certificates", (ASP,), "Get a further certificate", (), body({"csr": TEXT}),
     {201: obj({"asp": TEXT, **CERTIFICATE})}),
    ("GET", "/v1/certificates", (OP, ASP), "List certificates of an ASP", PAGE + ("asp",), None,
     {200: page(ref("Certificate"))}),
    ("POST", "/v1/applications/{}/confirm", (OP,), "Confirm an application", (), NONE, {200: ref("Application")}),
    ("POST", "/v1/applications/{}/refuse", (OP,), "Refuse one, or withdraw a confirmation", (), REASON,
     {200: ref("Application")}),
    ("POST", "/v1/applications/{}/prove", (OP, ASP), "Look for the proof of control", (), NONE, {200: ref("Application")}),
    ("GET", "/v1/catalogue", ALL, "Browse applications", PAGE + ("q",), None, {200: page(ref("Entry"))}),
    ("GET", "/v1/catalogue/{}", ALL, "Show one", (), None, {200: ref("Entry")}),
    ("POST", "/v1/extensions", (SUB,), "Extend trust to an application, with consent (10.3)", (),
     body({"client": TEXT, "application": TEXT}, {"attributes": WORDS, "until": TIME}), {201: ref("Extension")}),
    ("GET", "/v1/extensions", ALL, "List extensions of trust", PAGE, None, {200: page(ref("Extension"))}),
    ("GET", "/v1/extensions/{}", ALL, "Show one; to its ASP with the JWT", (), None, {200: ref("Extension")}),
    ("POST", "/v1/extensions/{}/approve", (OP,), "Approve one", (), NONE, {200: ref("Extension")}),
    ("POST", "/v1/extensions/{}/refuse", (OP, ASP), "Refuse one", (), REASON, {200: ref("Extension")}),
    ("DELETE", "/v1/extensions/{}", (OP, SUB), "Withdraw consent", (), None, {200: ANY, **GONE}),
    ("POST", "/v1/delegations", (OP, SUB), "Delegate a right to another client of the same user", (),
     body({"from": TEXT, "to": TEXT, "application": TEXT}, {"rights": WORDS, "until": TIME}), {200: ref("Grant"), 201: ref("Grant")}),
    ("GET", "/v1/delegations", (OP, SUB), "List delegations", PAGE + ("client", "application"), None, {200: page(ref("Grant"))}),
    ("DELETE", "/v1/delegations", (OP, SUB), "End one", ("client", "from", "to", "application"), None, {200: ANY, **GONE}),
    ("GET", "/v1/audit", (OP,), "Who changed what", PAGE + ("object",), None, {200: page(ref("AuditRow"))}),
    ("GET", "/v1/notifications", ALL, "What one was told", PAGE, None, {200: page(ref("Notification"))}),
    ("DELETE", "/v1/notifications/{}", ALL, "Put one away", (), None, GONE),
]

openapi.write(ROWS, SCHEMAS, "openapi", "authz/api/openapi.h", {
    "title": "Symbolon: the API of the authorization element", "version": "1",
    "description": "For operators, ASPs and subscribers of a Y.3056 realm; docs/protocol/api.md"}, {
        "certificate": {"type": "mutualTLS", "description": "an operator's, or one of an ASP's element"},
        "bearer": {"type": "http", "scheme": "bearer", "description": "a subscriber's session, or an API key"},
    })
