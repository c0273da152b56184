"""Reads env files as python-dotenv does: paths on standard input, a JSON object a line."""

import json
import sys

from dotenv import dotenv_values

for path in sys.stdin.read().split("\0"):
    if path:
        values = dotenv_values(path, interpolate=False, encoding="utf-8")
        print(json.dumps({key: value for key, value in values.items() if value is not None}))
