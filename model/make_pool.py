"""Writes the question pool of docs/miniature.md: made-up sources, with planted flaws that the curation has to find.

    python3 make_pool.py FOLDER [--size 6000] [--tests 200] [--seed 7]

Only the standard library. Every problem of the pool belongs to the dev split by the hash of its canonical form and is none of
`data/dev.problems.jsonl`; tests belong to the test split. So pool, tests and the bundled model's training have no problem in
common, whatever the wording. Same arguments, same bytes. Writes SOURCE.jsonl for each source, tests.problems.jsonl, and
planted.json: how many flaws of each kind were planted.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from graded import GRADED
from problems import Problem, Split, family_of

HERE = Path(__file__).parent
#: Sources and their shares. The order is the one in which the curation compares them.
SOURCES = {"workbook": 0.4, "quiz": 0.3, "puzzles": 0.2, "olympiad": 0.1}
#: Shares of the pool that are planted flaws.
DUPLICATES, CONTAMINATED, BAD_FORMAT, NO_SOLUTION = 0.03, 0.01, 0.03, 0.01
#: Words around a planted test question: its 8-gram is what decontamination has to find.
NOTICE = "please read this question twice before you answer it now:"


def domain_of(problem: Problem) -> str:
    """Ten domains: each family, short and long problems apart."""
    low, high = GRADED[problem.family].evaluation_sizes
    return f"{problem.family} {'long' if problem.size > (low + high) / 2 else 'short'}"


#: Shares of the families. The dev split holds no more than about 1,200 products, hence their small share.
FAMILIES = {"letters": 0.3, "sums": 0.25, "above": 0.2, "chains": 0.2, "products": 0.05}


def draw(split: Split, rng: random.Random, taken: set[str], family: str | None = None) -> Problem:
    """A problem of the split that is not taken yet, of the family or of one drawn by its share."""
    family = family or rng.choices(list(FAMILIES), list(FAMILIES.values()))[0]
    while True:
        problem = GRADED[family].draw(rng, evaluation=True)
        if problem.split == split and problem.canonical not in taken:
            taken.add(problem.canonical)
            return problem


def row(problem: Problem, question: str | None = None) -> dict:
    return {
        "question": question or family_of(problem).question(problem),
        "solution": str(problem.answer),
        "domain": domain_of(problem),
        "canonical": problem.canonical,
    }


def spoiled(problem: Problem, rng: random.Random) -> dict:
    """A question in one of the formats that s1 drops: a drawing, a missing image, a problem number."""
    question = family_of(problem).question(problem)
    return row(problem, rng.choice((f"[asy] draw((0,0)--(1,1)); [/asy] {question}", f"![Image] {question}", f"p{rng.randint(1, 99)}. {question}")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=6000, help="questions, planted flaws included")
    parser.add_argument("--tests", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    rng, families = random.Random(options.seed), list(GRADED)
    taken = {json.loads(line)["canonical"] for line in (HERE / "data" / "dev.problems.jsonl").read_text().splitlines()}
    tests = [draw("test", rng, taken, families[number % len(families)]) for number in range(options.tests)]
    counts = {name: round(options.size * share) for name, share in
              (("duplicate", DUPLICATES), ("contaminated", CONTAMINATED), ("bad format", BAD_FORMAT), ("no solution", NO_SOLUTION))}
    clean = options.size - sum(counts.values())
    rows = [row(draw("dev", rng, taken)) for _ in range(clean)]
    rows += [dict(each) for each in rng.sample(rows, counts["duplicate"])]
    # A test question in other words around it; in the tests file the same notice stands, so that they share an 8-gram.
    marked = rng.sample(tests, min(len(tests), max(1, counts["contaminated"])))
    rows += [row(marked[number % len(marked)], f"{NOTICE} {family_of(marked[number % len(marked)]).question(marked[number % len(marked)])}")
             for number in range(counts["contaminated"])]
    rows += [spoiled(draw("dev", rng, taken), rng) for _ in range(counts["bad format"])]
    rows += [row(draw("dev", rng, taken)) | {"solution": None} for _ in range(counts["no solution"])]
    rng.shuffle(rows)
    options.folder.mkdir(parents=True, exist_ok=True)
    sizes = {name: round(len(rows) * share) for name, share in SOURCES.items()}
    start = 0
    for name, size in sizes.items():
        stop = len(rows) if name == list(SOURCES)[-1] else start + size
        write(options.folder / f"{name}.jsonl", rows[start:stop])
        start = stop
    write(options.folder / "tests.problems.jsonl", [
        {"id": f"test-{number:03d}", "question": family_of(each).question(each), "answer": str(each.answer),
         "family": each.family, "canonical": each.canonical} for number, each in enumerate(tests)])
    # The published test set as a leak would have copied it: what decontamination compares with.
    write(options.folder / "tests-as-leaked.jsonl", [{"question": f"{NOTICE} {family_of(each).question(each)}"} for each in tests])
    (options.folder / "planted.json").write_text(json.dumps({"questions": len(rows), "clean": clean} | counts, indent=2) + "\n")


def write(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))


if __name__ == "__main__":
    main()
