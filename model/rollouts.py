"""Thinking that the policy itself wrote about training problems, as lines of JSON: what the reward model learns from.

Natural runs (no cue is forced) at temperature 1, as in the tree search that the reward model is for; and some with three
forced cues, so that the finer passes occur as well. Same arguments, same machine: same runs.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import torch
from checkpoints import load_network
from generate import Sampler
from graded import GRADED
from problems import Problem, family_of
from tokenizer import ANSWER_OPEN, Codec

BATCH = 256


def draw(number: int, rng: random.Random) -> Problem:
    """A training problem as hard as the held-out ones, families in turn."""
    family = list(GRADED.values())[number % len(GRADED)]
    while True:
        problem = family.draw(rng, evaluation=True)
        if problem.split == "train":
            return problem


def sample(sampler: Sampler, problems: list[Problem], cues: int) -> list[dict]:
    """One run of each problem: its lines, and the greedy answer after them."""
    questions = [family_of(problem).question(problem) for problem in problems]
    runs = sampler.think(questions, cues, "Wait")
    ends = [run.ids[: run.ends[-1] if run.ends else len(run.ids)] for run in runs]
    opening = sampler.codec.encode(ANSWER_OPEN)
    answers = sampler.answers([ids + opening for ids in ends])
    return [
        {
            "family": problem.family,
            "items": problem.items,
            "wanted": problem.wanted,
            "right": problem.answer,
            "question": question,
            "lines": sampler.codec.decode(ids[run.start :]).strip().split("\n"),
            "answer": answer,
        }
        for problem, question, run, ids, answer in zip(problems, questions, runs, ends, answers, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("policy", type=Path, help="checkpoint, or exported Hugging Face folder")
    parser.add_argument("out", type=Path)
    parser.add_argument("--batches", type=int, default=7, help=f"of {BATCH} runs; every sixth has three forced cues")
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    sampler = Sampler(load_network(options.policy), Codec(), limit=700, temperature=1.0)
    with options.out.open("w") as file:
        for batch in range(options.batches):
            rng = random.Random(f"{options.seed}/{batch}")
            sampler.random.manual_seed(rng.getrandbits(60))
            problems = [draw(number, rng) for number in range(BATCH)]
            for record in sample(sampler, problems, cues=3 if batch % 6 == 5 else 0):
                file.write(json.dumps(record) + "\n")
            file.flush()
            print(f"batch {batch + 1} of {options.batches}", flush=True)


if __name__ == "__main__":
    main()
