"""Rows whose thinking is its first pass alone, with what that pass came to as the answer: what the base of the loop is made from.

    python3 first_pass.py SET.jsonl OUT.jsonl
"""

import json
import re
import sys
from pathlib import Path

source, out = map(Path, sys.argv[1:])
PASS = re.compile(r"(?P<before>.*<\|im_start\|>think\n)(?P<first>[^\n]*=> (?P<result>-?\d+)\n).*(?P<answer><\|im_start\|>answer\n.*)", re.DOTALL)

with out.open("w", encoding="utf-8") as lines:
    for line in source.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found = PASS.fullmatch(row["text"])
        if not found:
            continue  # its first line came to nothing
        answer = re.sub(r"\\boxed\{[^}]*\}", lambda _: f"\\boxed{{{found['result']}}}", found["answer"])
        lines.write(json.dumps({"text": found["before"] + found["first"] + answer}) + "\n")
