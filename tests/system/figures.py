#!/usr/bin/env python3
"""figures.py ADDRESS check           what a node serves at /metrics is what Prometheus' own parser takes
figures.py ADDRESS NAME [LABEL=VALUE...]   the sum of the samples that have these labels"""
import re
import sys
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

FORMAT = "text/plain; version=0.0.4; charset=utf-8"


def fetch(address):
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        if answer.headers["Content-Type"] != FORMAT:
            sys.exit(f"content type {answer.headers['Content-Type']}")
        return answer.read().decode()


def check(text):
    """What the parser lets pass, and a scraper would not like."""
    seen, names = set(), set()
    for family in text_string_to_metric_families(text):
        if family.name in names:
            sys.exit(f"{family.name} stands there twice")
        names.add(family.name)
        if not family.documentation or family.type == "unknown":
            sys.exit(f"{family.name} has no help or no type")
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            if key in seen:
                sys.exit(f"{key} stands there twice")
            seen.add(key)
            for value in sample.labels.values():
                if re.search(r"@|[0-9]{14}", value):
                    sys.exit(f"{sample.name} has an identity in a label: {value}")
    if not text.endswith("\n"):
        sys.exit("the last line does not end")
    print(f"{len(names)} families, {len(seen)} samples")


def main():
    text = fetch(sys.argv[1])
    if sys.argv[2] == "check":
        check(text)
        return
    wanted = dict(pair.split("=", 1) for pair in sys.argv[3:])
    values = [sample.value for family in text_string_to_metric_families(text) for sample in family.samples
              if sample.name == sys.argv[2] and wanted.items() <= sample.labels.items()]
    if not values:
        sys.exit(f"no {sys.argv[2]} {wanted}")
    print(f"{sum(values):g}")


main()
