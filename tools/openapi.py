# SPDX-License-Identifier: Apache-2.0
"""openapi: makes an OpenAPI 3.1 document of a program's API from its rows, as JSON or as C; for the openapi.py beside its routes.

A row: method, path, who may, what it does, further query parameters, what is sent, what is answered.
What is sent is a schema of JSON, or {type of content: schema}; so is an answer.
"""
import json
import re
import sys

TEXT, INT, BOOL = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
TIME = {"type": "string", "format": "date-time"}
WORDS = {"type": "array", "items": TEXT}
ANY = {"type": "object"}


def obj(must=None, may=None):
    """An object: members that are always there, and others."""
    must, may = must or {}, may or {}
    return {"type": "object", "properties": {**must, **may}, "required": sorted(must)}


def body(must=None, may=None):
    """What is sent: nothing else is taken."""
    return {**obj(must, may), "additionalProperties": False}


def ref(name):
    return {"$ref": "#/components/schemas/" + name}


def page(item):
    return {"type": "object", "required": ["items"],
            "properties": {"items": {"type": "array", "items": item}, "next": TEXT}}


DONE = {200: "done", 201: "made", 202: "taken", 204: "gone", 304: "not changed"}


def content(schema):
    """A schema alone is that of JSON."""
    if any("/" in key for key in schema):
        return {kind: {"schema": of} for kind, of in schema.items()}
    return {"application/json": {"schema": schema}}


def parameters(path, query):
    """The first {} of a path is its id, the second its part; {*} is the rest."""
    names = re.findall(r"\{(\w+)\}", template(path))
    made = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in names]
    return made + [{"name": name, "in": "query", "schema": INT if name == "limit" else TEXT} for name in query]


def template(path):
    return path.replace("{}", "{id}", 1).replace("{}", "{part}", 1).replace("{*}", "{rest}")


def operation(row, schemes):
    _, path, who, summary, query, sent, answers = row
    made = {"summary": summary, "x-roles": list(who), "parameters": parameters(path, query), "responses": {},
            "security": [{}] if "anyone" in who else [{name: []} for name in schemes]}
    if sent is not None:
        made["requestBody"] = {"required": True, "content": content(sent)}
    for status, schema in answers.items():
        answer = {"description": DONE[status]}
        if schema is not None:
            answer["content"] = content(schema)
        made["responses"][str(status)] = answer
    made["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
    return made


def document(rows, schemas, info, schemes):
    paths = {}
    for row in rows:
        paths.setdefault(template(row[1]), {})[row[0].lower()] = operation(row, schemes)
    return {
        "openapi": "3.1.0",
        "info": info,
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {"Problem": {"description": "it was refused, or failed",
                                      "content": {"application/problem+json": {"schema": ref("Problem")}}}},
            "securitySchemes": schemes,
        },
    }


def write(rows, schemas, name, header, info, schemes):
    """To the file that is named on the command line as C, NAME_text and NAME_len; with none as JSON."""
    text = json.dumps(document(rows, schemas, info, schemes), separators=(",", ":"))
    if len(sys.argv) < 2:
        print(text)
        return
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write(f'#include "{header}"\n\nconst char {name}_text[] =\n')
        for at in range(0, len(text), 96):
            out.write("\t" + json.dumps(text[at:at + 96]) + "\n")
        out.write(f";\nconst size_t {name}_len = sizeof({name}_text) - 1;\n")
