#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document of a trust registry's API, as JSON or as C.

usage: openapi.py [OUT.c]

One row an operation, each part's together: tests/system/66-registry-openapi.sh compares them with the table of routes
(routes.c), and walks the document against a running registry.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
import openapi  # noqa: E402
from openapi import ANY, BOOL, INT, TEXT, TIME, WORDS, body, obj, page, ref  # noqa: E402,F401

ADMIN, AUDITOR, PEER, DEVICE, PARTY = "administrator", "auditor", "registry", "device", "party"
STAFF = (ADMIN, AUDITOR)
ANYONE = ("anyone",)
PAGE = ("after", "limit")
NONE = body()
GONE = {204: None}
OCTETS = {"application/octet-stream": {"type": "string", "format": "binary"}}
HASHES = {"type": "array", "items": TEXT}

SCHEMAS = {
    "Problem": {**obj({"type": TEXT, "title": TEXT, "status": INT, "detail": TEXT}), "description": "RFC 9457"},
    "ProblemType": obj({"type": TEXT, "title": TEXT, "status": INT, "detail": TEXT}),

    # the log
    "Event": obj({"seq": INT, "kind": TEXT, "time": INT, "registry": TEXT, "registry_seq": INT},
                 {"subject": TEXT, "record": ANY}),
    "Status": obj({"registry": TEXT, "type": TEXT, "node": TEXT, "version": TEXT, "uptime": INT, "log_size": INT,
                   "store": ANY, "peers": {"type": "array", "items": ref("Peer")}}),
    # notifications
    "SubscriptionWish": obj({"delivery": obj({"method": TEXT}, {"url": TEXT})},
                            {"label": TEXT, "filter": ANY, "digest": obj({"period": INT})}),
    "Subscription": obj({"id": TEXT, "since": INT, "filter": ANY, "delivery": obj({"method": TEXT}, {"url": TEXT}),
                         "state": obj({"waiting": INT}, {"suspended": BOOL, "open": BOOL, "trouble": TEXT, "retry_ms": INT})},
                        {"party": TEXT, "label": TEXT, "digest": obj({"period": INT})}),
    "DeadLetter": obj({"sequence": INT, "seq": INT, "tries": INT, "died": INT, "why": TEXT}),
    "Notice": obj({"title": TEXT}, {"make": TEXT, "model": TEXT, "severity": TEXT, "text": TEXT, "reference": TEXT}),
    "Inclusion": obj({"seq": INT, "size": INT, "root": TEXT, "proof": HASHES}),
    "Consistency": obj({"from": INT, "to": INT, "proof": HASHES}),
    # other registries
    "Peer": obj({"id": TEXT, "relation": TEXT, "type": TEXT, "state": TEXT, "since": INT, "url": TEXT, "address": TEXT,
                 "log_key": TEXT, "followed_by": BOOL, "connected": BOOL, "applied": INT,
                 "lag": INT, "lost": INT}, {"as_of": INT, "stale_ms": INT, "reason": TEXT}),
    "Joining": obj({"state": TEXT, "id": TEXT, "type": TEXT, "log_key": TEXT}),
    "ListedDevice": obj({"id": TEXT, "registry": TEXT, "since": INT, "make": TEXT, "model": TEXT},
                        {"through": TEXT, "as_of": INT}),
    "Registry": obj({"registry": TEXT, "type": TEXT, "url": TEXT, "parents": WORDS, "keys": {"type": "array"}, "log": ANY,
                     "tls": WORDS, "protocols": WORDS, "evidence": WORDS, "roots_of_trust": {"type": "array"},
                     "endpoints": ANY, "practice_statement": TEXT, "issued": INT, "expires": INT, "jws": TEXT},
                    {"name": TEXT, "contact": TEXT}),

    # devices
    "Facts": obj({}, {"make": TEXT, "model": TEXT, "firmware": TEXT, "hardware": TEXT, "serial": TEXT, "type": TEXT,
                      "communication": WORDS, "connectivity": WORDS, "power": WORDS, "protocols": WORDS,
                      "root_of_trust": obj({"kind": TEXT}, {"id": TEXT})}),
    "Device": obj({"id": TEXT, "registry": TEXT, "identifier": TEXT, "trust": TEXT, "since": INT, "rule": TEXT, "cause": INT,
                   "life": TEXT, "registered_at": INT, "reported_at": INT, "facts": ref("Facts")},
                  {"confirmed_at": INT, "duplicate": BOOL}),
    "Acknowledged": obj({"id": TEXT, "registry": TEXT, "identifier": TEXT, "trust": TEXT, "life": TEXT,
                         "acknowledgement": TEXT}),
    "Evidence": obj({"kind": TEXT}, {"chain": WORDS, "proof": TEXT}),
    "Nonce": obj({"nonce": TEXT, "token": TEXT, "registry": TEXT, "expires_in": INT}),
    "Virtual": obj({"id": TEXT, "until": TIME, "once": BOOL}),

    # interrogation
    "Party": obj({"id": TEXT, "roles": WORDS, "state": TEXT, "since": INT},
                 {"make": TEXT, "name": TEXT, "contact": TEXT, "purpose": TEXT}),
    "Enrolled": obj({"id": TEXT, "state": TEXT, "roles": WORDS}),
    "Standing": obj({"reg_dev_id": TEXT, "trust": TEXT, "lifecycle": TEXT, "since": INT, "seq": INT}),
    "StatusLists": obj({"status_lists": WORDS}),
    # owners, manufacturers, bulk
    "Manufacturer": obj({"id": TEXT, "makes": WORDS, "party": TEXT},
                        {"name": TEXT, "preregisters": BOOL, "state": TEXT, "since": INT}),
    "Batch": obj({"id": TEXT, "number": INT, "kind": TEXT, "by": TEXT, "rows": INT, "digest": TEXT, "added": INT,
                  "failed": INT, "created": INT, "updated": INT}),
    "RowError": obj({"row": INT, "detail": TEXT}),
    "Preregistration": obj({"id": TEXT, "device": TEXT, "manufacturer": TEXT, "lifecycle": TEXT, "trust": TEXT,
                            "facts": ANY, "since": INT}),
    "OwnerId": obj({"id": TEXT}),
    "OwnerListed": obj({"id": TEXT, "verified": BOOL, "key": BOOL, "since": INT}),
    "Owner": obj({"id": TEXT, "owner": obj({"kind": TEXT}, {"claims": ANY, "verified": ANY}), "party": TEXT,
                  "since": INT, "updated": INT}),
    "Custody": obj({"owner": TEXT}, {"verified": BOOL, "since": INT}),
    "OwnedDevice": obj({"id": TEXT, "since": INT}),
    "Lifecycle": obj({"device": TEXT, "lifecycle": TEXT}),
    "Transfer": obj({"id": TEXT, "device": TEXT, "state": TEXT},
                    {"from": TEXT, "to": TEXT, "until": INT, "since": INT}),
    "Application": obj({"id": TEXT, "name": TEXT, "trust": TEXT, "since": INT, "rule": TEXT, "reason": TEXT,
                        "seq": INT}),
}

# method, path, who, what it does, further query parameters, body, answers
ROWS = [
    # what it is, and its log
    ("GET", "/v1/openapi.json", ANYONE, "This document", (), None, {200: ANY}),
    ("GET", "/v1/problems/{}", ANYONE, "What a type of problem means", (), None, {200: ref("ProblemType")}),
    ("GET", "/v1/status", STAFF, "How the registry is", (), None, {200: ref("Status")}),
    ("GET", "/.well-known/trust-registry", ANYONE, "Who the registry is, and what it accepts (9.1)", (), None,
     {200: ref("Registry")}),
    ("GET", "/practice-statement", ANYONE, "Its practice statement (9.3 i b)", (), None, {200: {"text/markdown": TEXT}}),
    ("GET", "/log/checkpoint", ANYONE, "The log's size and root, signed", (), None, {200: {"text/plain": TEXT}}),
    ("GET", "/log/tile/{*}", ANYONE, "A tile of the log's tree, or its leaves (C2SP tlog-tiles)", (), None,
     {200: OCTETS}),
    ("GET", "/v1/log/proofs/inclusion", ANYONE, "That an event is in the log", ("seq", "size"), None,
     {200: ref("Inclusion")}),
    ("GET", "/v1/log/proofs/consistency", ANYONE, "That the log only grew", ("from", "to"), None,
     {200: ref("Consistency")}),
    ("GET", "/v1/events", STAFF, "Read the log", PAGE, None, {200: page(ref("Event"))}),
    ("GET", "/v1/devices/{}/history", STAFF, "All that happened to a device, until a time", PAGE + ("until",), None,
     {200: page(ref("Event"))}),
    # devices
    ("POST", "/v1/devices/challenge", (DEVICE,), "A nonce for evidence", (), NONE, {200: ref("Nonce")}),
    ("POST", "/v1/devices", (DEVICE,), "register: be registered by evidence of a root of trust (9.2)", (),
     body({"evidence": ref("Evidence")}, {"facts": ref("Facts"), "identifier": TEXT}),
     {201: ref("Acknowledged"), 200: ref("Acknowledged")}),
    ("POST", "/v1/devices/{}/det", (DEVICE,), "det: confirm the RegDevID (7 iv b)", (), NONE, {200: ref("Device")}),
    ("POST", "/v1/devices/{}/reports", (DEVICE,), "report: tell security parameters (9.3 iv)", (),
     body({}, {"facts": ref("Facts"), "proof": TEXT}), {200: ref("Device")}),
    ("GET", "/v1/devices", STAFF, "List devices", PAGE, None, {200: page(ref("Device"))}),
    ("GET", "/v1/devices/{}", STAFF + (DEVICE,), "A device; a device itself alone", (), None, {200: ref("Device")}),
    ("POST", "/v1/devices/{}/release", (ADMIN,), "Let other evidence of the same identifier follow", (),
     body({"reason": TEXT}), GONE),
    ("POST", "/v1/devices/{}/virtual", (DEVICE,), "Have a virtual RegDevID (3.2.6)", (), body({}, {"until": TIME, "once": BOOL}),
     {201: ref("Virtual")}),
    ("GET", "/v1/devices/{}/virtual", (DEVICE,), "List virtual RegDevIDs", (), None, {200: page(ref("Virtual"))}),
    ("DELETE", "/v1/devices/{}/virtual/{}", (DEVICE,), "End one", (), None, GONE),
    ("GET", "/v1/queries", STAFF, "Read who asked what", PAGE, None, {200: page(ANY)}),
    # interrogation
    ("POST", "/v1/parties", ANYONE, "Enrol a key (9.3 i a)", (),
     body({"key": ANY, "name": TEXT, "contact": TEXT, "purpose": TEXT, "roles": WORDS}, {"make": TEXT}),
     {201: ref("Enrolled"), 202: ref("Enrolled")}),
    ("GET", "/v1/parties", STAFF, "Parties that have enrolled", PAGE, None, {200: page(ref("Party"))}),
    ("GET", "/v1/parties/{}", STAFF + (PARTY,), "One of them; a party sees itself", (), None, {200: ref("Party")}),
    ("PUT", "/v1/parties/{}/state", (ADMIN,), "Approve, suspend or remove a party", (),
     body({"state": TEXT}, {"reason": TEXT}), GONE),
    ("GET", "/v1/vouched-parties", ANYONE, "Whom devices may answer, signed", (), None,
     {200: {"application/registry-parties+jwt": TEXT}}),
    ("GET", "/v1/enquiry/standing/{}", STAFF + (PEER,), "Whether a device is trusted, from memory", (), None,
     {200: ref("Standing")}),
    ("GET", "/v1/enquiry/devices", (PARTY,), "Devices by make and model, with their owners' consent (8)",
     PAGE + ("make", "model"), None, {200: {"application/registry-answer+jwt": TEXT}}),
    ("GET", "/v1/enquiry/devices/{}", STAFF + (PEER, PARTY), "Ask about a device, now or as of a time (9.3 ii c)",
     ("at", "nonce"), None, {200: {"application/registry-answer+jwt": TEXT}}),
    ("GET", "/v1/enquiry/applications/{}", STAFF + (PEER, PARTY), "Ask about an application", ("nonce",), None,
     {200: {"application/registry-answer+jwt": TEXT}}),
    ("PUT", "/v1/devices/{}/consents/{}", (ADMIN, PARTY), "An owner lets a party find a device by make and model", (),
     body({"until": INT}), GONE),
    ("DELETE", "/v1/devices/{}/consents/{}", (ADMIN, PARTY), "No more", (), None, GONE),
    ("GET", "/v1/enquiry/bulk", (ADMIN,), "All devices that match, a line each (9.3 ii d)",
     ("after", "registry", "make", "model", "trust", "owners"), None, {200: {"application/x-ndjson": TEXT}}),
    ("GET", "/v1/status-lists", ANYONE, "Where the status lists are", (), None, {200: ref("StatusLists")}),
    ("GET", "/v1/status-lists/{}", ANYONE, "A status list (IETF Token Status List)", ("time",), None,
     {200: {"application/statuslist+jwt": TEXT}}),

    # notifications
    ("POST", "/v1/subscriptions", (ADMIN, PARTY), "Ask to be told (9.4)", (), ref("SubscriptionWish"),
     {201: ref("Subscription")}),
    ("GET", "/v1/subscriptions", STAFF + (PARTY,), "List one's subscriptions; the staff: all", PAGE, None,
     {200: page(ref("Subscription"))}),
    ("GET", "/v1/subscriptions/{}", STAFF + (PARTY,), "Show a subscription, and how far its subscriber is", (), None,
     {200: ref("Subscription")}),
    ("DELETE", "/v1/subscriptions/{}", (ADMIN, PARTY), "End a subscription", (), None, GONE),
    ("GET", "/v1/subscriptions/{}/events", (ADMIN, PARTY), "Follow a subscription as an event stream", ("form",), None,
     {200: {"text/event-stream": TEXT}}),
    ("POST", "/v1/subscriptions/{}/acknowledged", (ADMIN, PARTY), "Say what was had of a stream", (),
     body({"sequence": INT}), GONE),
    ("GET", "/v1/subscriptions/{}/dead-letters", STAFF + (PARTY,), "List what could not be delivered", PAGE, None,
     {200: page(ref("DeadLetter"))}),
    ("DELETE", "/v1/subscriptions/{}/dead-letters/{}", (ADMIN, PARTY), "Drop a dead letter, or \"all\"", (), None, GONE),
    ("POST", "/v1/subscriptions/{}/dead-letters/{}/replay", (ADMIN, PARTY), "Deliver a dead letter again, or \"all\"", (),
     NONE, {202: obj({"replayed": INT})}),
    ("POST", "/v1/notices", (ADMIN,), "Tell all whom a make and model concern (9.4 ii)", (), ref("Notice"),
     {202: obj({"seq": INT})}),
    # other registries
    ("POST", "/v1/joining", ANYONE, "Another registry asks to join; its certificate says which", (),
     body({"id": TEXT, "type": TEXT, "relation": TEXT, "url": TEXT, "log_key": TEXT}, {"address": TEXT}),
     {200: ref("Joining"), 202: ref("Joining")}),
    ("GET", "/v1/registries", STAFF, "The registries that are known here", ("state",), None, {200: page(ref("Peer"))}),
    ("POST", "/v1/registries", (ADMIN,), "Ask another registry to take this one in", (),
     body({"id": TEXT, "url": TEXT}, {"relation": TEXT, "address": TEXT}), {202: ref("Peer")}),
    ("GET", "/v1/registries/{}", STAFF, "One of them", (), None, {200: ref("Peer")}),
    ("DELETE", "/v1/registries/{}", (ADMIN,), "Leave it, or let it go", (), None, {200: ref("Peer")}),
    ("PUT", "/v1/registries/{}/approval", (ADMIN,), "Take in a registry that asked, or refuse it", (),
     body({}, {"approve": BOOL, "reason": TEXT}), {200: ref("Peer")}),
    ("PUT", "/v1/registries/{}/readmission", (ADMIN,), "Believe an isolated registry's log again", (),
     body({}, {"log_key": TEXT, "reason": TEXT}), {200: ref("Peer")}),
    ("GET", "/v1/log/stream", (PEER,), "The log, as it grows", ("from",), None,
     {200: {"text/event-stream": TEXT}}),
    ("GET", "/v1/lists/{}", STAFF + (PEER,), "The trusted, unverified or unreliable devices of all levels (7 iv d)", PAGE,
     None, {200: page(ref("ListedDevice"))}),

    # manufacturers, bulk, owners
    ("GET", "/v1/manufacturers", STAFF, "Manufacturers", PAGE, None, {200: page(ref("Manufacturer"))}),
    ("POST", "/v1/manufacturers", (ADMIN,), "Register a manufacturer, or change it", (),
     body({"id": TEXT, "name": TEXT, "makes": WORDS},
          {"party": TEXT, "key": ANY, "certificate": TEXT, "preregisters": BOOL}), {200: ref("Manufacturer")}),
    ("GET", "/v1/manufacturers/{}", STAFF, "One of them", (), None, {200: ref("Manufacturer")}),
    ("DELETE", "/v1/manufacturers/{}", (ADMIN,), "It announces no more", (), None, GONE),
    ("GET", "/v1/imports", STAFF, "Bulk imports, and how far each is", PAGE, None, {200: page(ref("Batch"))}),
    ("POST", "/v1/imports/{}", (ADMIN, PARTY), "The next rows of a bulk import (9.2 i g)",
     ("kind", "after", "before", "digest"), {"text/csv": TEXT, "application/x-ndjson": TEXT}, {200: ref("Batch")}),
    ("GET", "/v1/imports/{}", STAFF + (PARTY,), "How far a bulk import is", (), None, {200: ref("Batch")}),
    ("GET", "/v1/imports/{}/errors", STAFF + (PARTY,), "Its rows that were wrong", PAGE, None,
     {200: page(ref("RowError"))}),
    ("GET", "/v1/preregistrations", STAFF, "Devices that are announced, and not registered yet", PAGE, None,
     {200: page(ref("Preregistration"))}),
    ("DELETE", "/v1/preregistrations/{}", (ADMIN,), "One of them is announced no more", (), None, GONE),
    ("GET", "/v1/owners", STAFF, "Owners and custodians, without what is personal", PAGE, None,
     {200: page(ref("OwnerListed"))}),
    ("POST", "/v1/owners", (ADMIN,), "Register an owner (9.2 i d)", (),
     body({"claims": ANY}, {"owner": TEXT, "kind": TEXT, "key": ANY}), {201: ref("OwnerId")}),
    ("GET", "/v1/owners/{}", (ADMIN, PARTY), "What is kept of an owner; an owner sees itself, as self", (), None,
     {200: ref("Owner")}),
    ("PUT", "/v1/owners/{}", (ADMIN, PARTY), "Put it right", (), body({"claims": ANY}, {"kind": TEXT, "key": ANY}),
     GONE),
    ("DELETE", "/v1/owners/{}", (ADMIN, PARTY), "Erase it, and all that was kept of it", (), None, GONE),
    ("GET", "/v1/owners/{}/devices", (ADMIN, PARTY), "Its devices", PAGE, None, {200: page(ref("OwnedDevice"))}),
    ("PUT", "/v1/devices/{}/owner", (ADMIN, DEVICE), "Say whose a device is (9.2 i d)", (),
     body(None, {"owner": TEXT, "kind": TEXT, "claims": ANY, "key": ANY}), {200: ref("Custody")}),
    ("GET", "/v1/devices/{}/owner", (ADMIN, DEVICE, PARTY), "Whose a device is", (), None, {200: ref("Custody")}),
    ("DELETE", "/v1/devices/{}/owner", (ADMIN, PARTY), "It is its owner's no more (6.3 e)", (), None, GONE),
    ("POST", "/v1/devices/{}/lifecycle", (ADMIN, PARTY), "Lost, stolen, found, retired, reinstated (7)", (),
     body({"change": TEXT}, {"reason": TEXT}), {200: ref("Lifecycle")}),
    ("POST", "/v1/transfers", ANYONE, "A device is offered to another owner, signed (6.3 e)", (),
     body({"offer": TEXT}), {201: ref("Transfer")}),
    ("GET", "/v1/transfers", STAFF, "Offers, open and done", PAGE, None, {200: page(ref("Transfer"))}),
    ("GET", "/v1/transfers/{}", STAFF + (PARTY,), "One of them, for both sides", (), None, {200: ref("Transfer")}),
    ("DELETE", "/v1/transfers/{}", (ADMIN, PARTY), "Withdraw an open offer", (), None, {200: ref("Transfer")}),
    ("POST", "/v1/transfers/{}/acceptance", ANYONE, "It is accepted, signed", (), body({"acceptance": TEXT}),
     {200: ref("Transfer")}),
    ("POST", "/v1/transfers/{}/approval", (ADMIN,), "An administrator approves it, where that is wanted", (), None,
     {200: ref("Transfer")}),
    ("POST", "/v1/erasures", (ADMIN,), "Erase what the log knows of a device", (), body({"subject": TEXT}), GONE),
    ("GET", "/v1/applications", STAFF, "Applications, and their status", PAGE, None, {200: page(ref("Application"))}),
    ("GET", "/v1/applications/{}", STAFF + (PEER, PARTY), "The status of an application (6.1)", (), None,
     {200: ref("Application")}),
    ("PUT", "/v1/applications/{}/status", (ADMIN,), "Decide on it", (),
     body({"trust": TEXT, "reason": TEXT}, {"name": TEXT}), {200: obj({"seq": INT})}),
]

openapi.write(ROWS, SCHEMAS, "registry_openapi", "registry/api/openapi.h", {
    "title": "Symbolon: the API of a trust registry", "version": "1",
    "description": "A trust registry for devices (Y.3059); docs/protocol/registry_api.md"}, {
        "certificate": {"type": "mutualTLS", "description": "an administrator's, an auditor's or another registry's"},
        "signature": {"type": "http", "scheme": "signature", "description": "RFC 9421, with an enrolled key"},
        "token": {"type": "mutualTLS", "description": "a device, by TLS-PSK with its bootstrap_token"},
    })
