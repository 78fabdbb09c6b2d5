"""Measures a checkpoint on the dev problems: accuracy by the number of forced cues and by the cap on thinking.

The test problems are for the product's own engine, and `--test` for every cue on all of them at a tenth of the time; no
weights were chosen by them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from checkpoints import load_network
from generate import Measured, Run, Sampler, sweep
from tokenizer import Codec

DEV = Path(__file__).parent / "data" / "dev.problems.jsonl"
TEST = Path(__file__).parent.parent / "media" / "studies" / "five-families.problems.jsonl"
COUNTS = [0, 1, 2, 3, 4, 6, 8]
CAPS = [4, 8, 16, 32, 64, 128, 256]


def read_problems(path: Path, per_family: int | None = None) -> list[dict]:
    """The problems of a file, or the first few of each family."""
    chosen: list[dict] = []
    taken: dict[str, int] = {}
    for line in path.read_text().splitlines():
        problem = json.loads(line)
        taken[problem["family"]] = taken.get(problem["family"], 0) + 1
        if per_family is None or taken[problem["family"]] <= per_family:
            chosen.append(problem)
    return chosen


def percent(flags: list[bool]) -> float:
    return round(100 * sum(flags) / len(flags), 1)


def summarise(measured: Measured, problems: list[dict]) -> dict[str, float]:
    """Accuracy in all and by family, and the mean number of thinking tokens."""
    right = [str(answer) == problem["answer"] for answer, problem in zip(measured.answers, problems, strict=True)]
    row = {"accuracy": percent(right)}
    for family in sorted({problem["family"] for problem in problems}):
        row[family] = percent([flag for flag, each in zip(right, problems, strict=True) if each["family"] == family])
    row["thinking"] = round(sum(measured.thinking) / len(measured.thinking), 1)
    row["unreadable"] = sum(answer is None for answer in measured.answers)
    return row


def evaluate(
    checkpoint: Path,
    problems: list[dict],
    cue: str = "Wait",
    counts: list[int] = COUNTS,
    caps: list[int] = CAPS,
    temperature: float = 0.0,
) -> tuple[dict[str, dict[str, float]], list[Run]]:
    """The table of one checkpoint, and its runs."""
    sampler = Sampler(load_network(checkpoint), Codec(), temperature=temperature)
    measured, runs = sweep(sampler, [problem["question"] for problem in problems], cue, counts, caps)
    return {name: summarise(each, problems) for name, each in measured.items()}, runs


def print_table(table: dict[str, dict[str, float]]) -> None:
    columns = list(next(iter(table.values())))
    print("| setting | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name, row in table.items():
        print(f"| {name} | " + " | ".join(str(row[column]) for column in columns) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, help="or exported Hugging Face folder")
    parser.add_argument("--cue", default="Wait")
    parser.add_argument("--test", action="store_true", help="the test problems, by cues alone")
    parser.add_argument("--temperature", type=float, default=0.0, help="of the thinking; answers are greedy")
    parser.add_argument("--per-family", type=int, help="only the first problems of each family")
    parser.add_argument("--show", type=int, default=0, help="print this many whole runs of each family")
    options = parser.parse_args()
    torch.set_num_threads(1)
    problems = read_problems(TEST if options.test else DEV, options.per_family)
    caps = [] if options.test else CAPS
    table, runs = evaluate(options.checkpoint, problems, options.cue, caps=caps, temperature=options.temperature)
    print_table(table)
    longest = max(len(run.ids) for run in runs)
    print(f"\n{len(problems)} problems, longest sequence {longest} tokens")
    codec, shown = Codec(), dict.fromkeys((problem["family"] for problem in problems), 0)
    for run, problem in zip(runs, problems, strict=True):
        shown[problem["family"]] += 1
        if shown[problem["family"]] <= options.show:
            print(f"\n[{problem['answer']}] {codec.decode(run.ids)}")


if __name__ == "__main__":
    main()
