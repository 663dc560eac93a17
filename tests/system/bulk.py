#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rows of a bulk import, as CSV: usage: bulk.py HOW-MANY [FIRST [MAKE]]. Every IMEI has its check digit (TS 23.003 B.1)."""
import sys


def check_digit(digits):
    """Luhn."""
    total = 0
    for place, digit in enumerate(digits):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


count = int(sys.argv[1])
first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
make = sys.argv[3] if len(sys.argv) > 3 else "Acme"
print("imei,make,model,firmware,type,communication,protocols")
for number in range(first, first + count):
    imei = "35%012d" % (693800000000 + number)
    print(f"{imei}{check_digit(imei)},{make},Meter 7,2.{number % 10}.1,meter,lte nb-iot,coap mqtt")
