"""An independent reading of s1's selection in NumPy: writes test/fixtures/curationSelection.json.

    python3 scripts/curationSelection.py

Algorithm 1 of the paper and the released notebook's variant, as the paper and the notebook describe them: seeds, then draws of a
domain and of a question by 2^-rank. Knows nothing of src/core/curate; both take the same uniform draws, two for each step.
"""
import json
import pathlib

import numpy as np

rng = np.random.default_rng(20250131)


def pool(size, domains):
    rows = []
    for index in range(size):
        source = rng.choice(["GPQA", "AIME", "openaimath", "NuminaMath"], p=[0.1, 0.1, 0.3, 0.5])
        rows.append(
            {
                "sourceType": str(source),
                "correct": bool(rng.random() < 0.2),
                "length": int(rng.integers(100, 9000)),
                "domain": f"d{int(domains * rng.random() ** 2)}",
            }
        )
    return rows


def choice(weights, u):
    cdf = np.cumsum(np.asarray(weights, dtype=float) / np.sum(weights))
    return int(np.searchsorted(cdf / cdf[-1], u, side="right"))


def seeds_of(rows):
    seeds = []
    for index, row in enumerate(rows):
        if not row["correct"]:
            continue
        if row["sourceType"] in ("GPQA", "AIME") or (row["sourceType"] == "openaimath" and row["length"] > 5600):
            seeds.append(index)
    return seeds


def benchmark_of(rows):
    counts = {"GPQA": {}, "AIME": {}}
    for row in rows:
        if row["sourceType"] in counts:
            of = counts[row["sourceType"]]
            of[row["domain"]] = of.get(row["domain"], 0) + 1
    gpqa, aime = counts["GPQA"], counts["AIME"]
    factor = 0.5 * sum(aime.values()) / sum(gpqa.values())
    both = {name: int(count * factor) for name, count in gpqa.items()}
    for name, count in aime.items():
        both[name] = both.get(name, 0) + count
    return {name: count for name, count in both.items() if count > 0}


def select(rows, size, draws, switch):
    chosen = seeds_of(rows)
    seen = set(chosen)
    all_domains = list(dict.fromkeys(row["domain"] for row in rows))
    pools = {name: [i for i, row in enumerate(rows) if row["domain"] == name] for name in all_domains}
    benchmark = benchmark_of(rows)
    draw = iter(draws)
    while len(chosen) < size:
        if switch is None or len(chosen) < switch:
            domain = all_domains[int(np.floor(next(draw) * len(all_domains)))]
        else:
            names = [name for name in all_domains if name in benchmark]
            domain = names[choice([benchmark[name] for name in names], next(draw))]
        lengths = np.array([rows[i]["length"] for i in pools[domain]])
        order = np.argsort(-lengths, kind="stable")
        place = order[choice(np.power(2.0, -np.arange(len(order))), next(draw))]
        index = pools[domain].pop(int(place))
        if index not in seen:
            seen.add(index)
            chosen.append(index)
        if not pools[domain]:
            all_domains.remove(domain)
            benchmark.pop(domain, None)
    return chosen


cases = []
for size, domains, target, switch in [(300, 8, 150, None), (300, 8, 150, 110), (120, 30, 110, None), (2000, 40, 600, 400)]:
    rows = pool(size, domains)
    draws = [float(u) for u in rng.random(2 * size)]
    cases.append({"rows": rows, "size": target, "switchAt": switch, "draws": draws, "chosen": select(rows, target, draws, switch)})

file = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "curationSelection.json"
file.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
print(f"{file}: {[len(case['chosen']) for case in cases]} rows")
