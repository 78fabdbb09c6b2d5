"""Writes the held-out problems, one JSON object a line. Those of the test are also the sample problems of studies."""

from __future__ import annotations

import json
import random
from pathlib import Path

from graded import GRADED
from problems import ALWAYS_TEST, Family, Letters, Problem, Split, family_of

MODEL = Path(__file__).parent
FILES: dict[Split, Path] = {
    "dev": MODEL / "data" / "dev.problems.jsonl",
    "test": MODEL.parent / "media" / "studies" / "five-families.problems.jsonl",
}
SEEDS: dict[Split, int] = {"dev": 101, "test": 202}
PER_FAMILY: dict[Split, int] = {"dev": 60, "test": 100}


def always_test() -> list[Problem]:
    """The problems that are in the test set by decree."""
    found = []
    for canonical in sorted(ALWAYS_TEST):
        _, letter, word = canonical.split(":")
        found.append(Problem(Letters.name, tuple(word), letter, word.count(letter)))
    return found


def draw_split(split: Split, family: Family, rng: random.Random) -> list[Problem]:
    """Distinct problems of one family that belong to the split."""
    chosen: dict[str, Problem] = {}
    if split == "test":
        chosen = {each.canonical: each for each in always_test() if each.family == family.name}
    while len(chosen) < PER_FAMILY[split]:
        problem = family.draw(rng, evaluation=True)
        if problem.split == split:
            chosen.setdefault(problem.canonical, problem)
    return list(chosen.values())


def as_record(problem: Problem, split: Split, number: int) -> dict:
    return {
        "id": f"{split}-{problem.family}-{number:03d}",
        "family": problem.family,
        "question": family_of(problem).question(problem),
        "answer": str(problem.answer),
        "size": problem.size,
        "canonical": problem.canonical,
    }


def main() -> None:
    for split, seed in SEEDS.items():
        lines = []
        for family in GRADED.values():
            rng = random.Random(f"{seed}/{family.name}")
            for number, problem in enumerate(draw_split(split, family, rng)):
                lines.append(json.dumps(as_record(problem, split, number)) + "\n")
        FILES[split].write_text("".join(lines))


if __name__ == "__main__":
    main()
