"""What a careful Python program takes for the same: sets of 8-grams, compiled expressions, NumPy. npm run bench -- curation

    python3 bench/curationBaseline.py FOLDER SIZE     # the files that bench/curation.ts writes; prints seconds and counts
"""

import json
import re
import resource
import sys
import time
from pathlib import Path

import numpy as np

N = 8
folder, size = Path(sys.argv[1]), int(sys.argv[2])
curation = json.loads((folder / "small.curation.yaml").read_text())


def lines(name):
    with open(folder / name, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def grams(text):
    words = text.lower().split()
    return {" ".join(words[i : i + N]) for i in range(len(words) - N + 1)}


def timed(name, work):
    start = time.perf_counter()
    result = work()
    print(json.dumps({"what": name, "seconds": time.perf_counter() - start}))
    return result


sources = timed("read", lambda: [(entry["name"], lines(entry["file"])) for entry in curation["sources"]])


def decontaminate():
    pool = set()
    for test in curation["decontaminate"]["against"]:
        for row in lines(test["file"]):
            pool |= grams(row["question"])
    kept, seen = [], set()
    for name, rows in sources:
        accepted = []
        for row in rows:
            own = grams(row["question"])
            if pool.isdisjoint(own):
                accepted.append((row, own))
        for _, own in accepted:
            pool |= own
        for row, _ in accepted:
            if row["question"] not in seen:
                seen.add(row["question"])
                kept.append((name, row))
    return kept


kept = timed("decontamination and deduplication", decontaminate)
features = ["isgeminicorrect", "isqwen7bcorrect", "isqwen32bcorrect", "gemini_length", "domain"]
number = re.compile(r"p[1-9]\d{0,2}\.")
bold = re.compile(r"\*\*(?=.*\d)[^\s\]]*\*\*")


def well_formed(row):
    question = row["question"]
    if "[asy]" in question:
        return "AIME" in row["source_type"]
    return not ("![Image]" in question or number.search(question) or bold.search(question))


kept = timed(
    "quality",
    lambda: [one for one in kept if all(one[1].get(name) is not None for name in features) and well_formed(one[1])],
)
kept = timed(
    "difficulty",
    lambda: [one for one in kept if not (one[1]["isqwen7bcorrect"] or one[1]["isqwen32bcorrect"])],
)


def select():
    rng = np.random.default_rng(7)
    lengths = np.array([row["gemini_length"] for _, row in kept])
    names, domains = np.unique([row["domain"] for _, row in kept], return_inverse=True)
    benchmark = ("gpqa", "AIME")
    chosen = {
        at
        for at, (_, row) in enumerate(kept)
        if row["isgeminicorrect"] and any(text in row["source_type"] for text in benchmark)
    }
    pools = []
    for domain in range(len(names)):
        own = np.flatnonzero(domains == domain)
        pools.append(list(own[np.argsort(-lengths[own], kind="stable")]))
    left = [at for at, pool in enumerate(pools) if pool]
    while len(chosen) < size:
        at = int(rng.integers(len(left)))
        pool = pools[left[at]]
        weights = 0.5 ** np.arange(len(pool))
        drawn = rng.choice(len(pool), p=weights / weights.sum())
        chosen.add(int(pool.pop(drawn)))
        if not pool:
            left.pop(at)
    return chosen


chosen = timed("selection", select)
print(json.dumps({"what": "left", "rows": len(kept), "chosen": len(chosen)}))
print(json.dumps({"what": "memory", "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
