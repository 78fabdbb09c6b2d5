"""Checks the generated data by program: every right total, every answer, lengths, verdicts, and the split."""

from __future__ import annotations

import random
from collections import Counter

from graded import GRADED, draw_graded_problem
from graded_traces import bucket, make_graded_trace, steps_trace, tokens_trace
from problems import BACKWARDS, HALVES, split_of
from prm_traces import make_prm_trace
from tokenizer import START, Codec

CONTEXT = 1000


def check_steps(rng: random.Random) -> None:
    """Every level of every problem ends in the answer, by totals that are never below zero."""
    for family in GRADED.values():
        for _ in range(2000):
            problem = family.draw(rng)
            assert problem.answer >= 0 and split_of(problem.canonical) == problem.split
            for level in range(HALVES, BACKWARDS + 1):
                steps = family.steps(problem, level)
                assert steps[-1].total == problem.answer, (problem, level, steps)
                assert min(step.total for step in steps) >= 0, (problem, level, steps)


def check_sizes(codec: Codec, rng: random.Random) -> None:
    """The thinking has the size that was asked for."""
    for _ in range(300):
        problem = draw_graded_problem(rng)
        assert problem.split == "train"
        text = codec.decode(tokens_trace(codec, problem, rng).ids)
        asked = int(text.split("Think for up to ")[1].split(" ")[0])
        thinking = text.split(START + "think")[1].split(START + "answer")[0]
        assert bucket(len(codec.encode(thinking))) == asked, text
        text = codec.decode(steps_trace(codec, problem, rng).ids)
        asked, steps = int(text.split("Think for up to ")[1].split(" ")[0]), text.count(" steps left")
        assert asked / 2 < steps <= asked and f"{START}1 steps left" in text, text


def main() -> None:
    codec, rng = Codec(), random.Random(5)
    check_steps(rng)
    check_sizes(codec, rng)
    lengths = [len(make_graded_trace(codec, rng).ids) for _ in range(3000)]
    judged = [make_prm_trace(codec, rng) for _ in range(2000)]
    longest = max(lengths + [len(trace.ids) for trace in judged])
    assert longest <= CONTEXT, longest
    verdicts = Counter(good for trace in judged for good in trace.verdicts.values())
    print(f"checked; mean length {sum(lengths) / len(lengths):.0f}, longest {longest}, verdicts {dict(verdicts)}")


if __name__ == "__main__":
    main()
