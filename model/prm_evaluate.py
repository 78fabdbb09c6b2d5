"""Measures the reward model on thinking the policy itself wrote about dev problems: AUC and accuracy of its verdicts.

The score of a step is P(good) / (P(good) + P(bad)) for the token after `<|step|>`, with a tag behind each step so far.
A step is a pass; it is right when every running total in it is. Wrong passes here are the policy's own (temperature 1
by default), none is injected. Two areas: over all steps of a kind, to which it adds that hard problems go wrong more often;
and *within*, the mean over sets of steps at the same place of the same problem, which is all that a search has.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import torch
from checkpoints import load_network
from evaluate_dev import DEV, read_problems
from generate import Sampler
from prm_traces import corrected, kind_of
from problems import Problem
from tokenizer import STEP_TAG, THINK_OPEN, Codec, chat_prompt


@dataclass
class Judged:
    """One step: its kind, whether it is right, and the score it got."""

    kind: str
    good: bool
    score: float
    place: tuple[int, int]  # problem, number of the step


def read_problem(record: dict) -> Problem:
    """The problem of a record, from its canonical form and question."""
    family, question, answer = record["family"], record["question"], int(record["answer"])
    if family == "letters":
        _, letter, word = record["canonical"].split(":")
        return Problem(family, tuple(word), letter, answer)
    if family == "above":
        _, bound, numbers = record["canonical"].split(":")
        return Problem(family, tuple(map(int, numbers.split(","))), bound, answer)
    body = question.removeprefix("What is ").rstrip("?")
    if family == "products":
        return Problem(family, tuple(body.split("+")), "", answer)
    return Problem(family, tuple(map(int, re.findall(r"-?\d+", body))), "", answer)


@torch.no_grad()
def score_steps(network: torch.nn.Module, codec: Codec, question: str, lines: list[str]) -> list[float]:
    """P(good) of each step."""
    text = chat_prompt(question) + THINK_OPEN + "\n" + "".join(f"{line}{STEP_TAG}\n" for line in lines)
    ids = codec.encode(text)
    places = [place for place, token in enumerate(ids) if token == codec.step_tag]
    logits = network.logits(network(torch.tensor([ids])))[0, places]
    return logits[:, [codec.good, codec.bad]].softmax(-1)[:, 0].tolist()


def area(judged: list[Judged]) -> float:
    """Area under the ROC curve: how often a right step scores above a wrong one; ties count half."""
    good = [each.score for each in judged if each.good]
    bad = [each.score for each in judged if not each.good]
    if not good or not bad:
        return float("nan")
    wins = sum((right > wrong) + 0.5 * (right == wrong) for right in good for wrong in bad)
    return wins / (len(good) * len(bad))


def area_within(judged: list[Judged]) -> tuple[float, int]:
    """Mean area over the places that have right and wrong steps, and the number of these."""
    places = defaultdict(list)
    for each in judged:
        places[each.place].append(each)
    areas = [area(part) for part in places.values() if len({each.good for each in part}) == 2]
    return (sum(areas) / len(areas) if areas else float("nan")), len(areas)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reward", type=Path, help="checkpoint of the reward model")
    parser.add_argument("policy", type=Path, help="checkpoint of the policy, or exported Hugging Face folder")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--cues", type=int, default=0, help="forced on each run (default: natural runs)")
    parser.add_argument("--runs", type=int, default=4, help="of each problem")
    options = parser.parse_args()
    torch.set_num_threads(1)
    codec, problems = Codec(), read_problems(DEV)
    sampler = Sampler(load_network(options.policy), codec, temperature=options.temperature)
    reward, judged = load_network(options.reward), []
    for _ in range(options.runs):
        runs = sampler.think([record["question"] for record in problems], options.cues, "Wait")
        for index, (run, record) in enumerate(zip(runs, problems, strict=True)):
            lines = [line for line in codec.decode(run.ids[run.start :]).split("\n") if line]
            problem = read_problem(record)
            scores = score_steps(reward, codec, record["question"], lines)
            for number, (line, score) in enumerate(zip(lines, scores, strict=True)):
                judged.append(Judged(kind_of(line), line == corrected(problem, line), score, (index, number)))
    for kind in ["all", *sorted({each.kind for each in judged})]:
        part = [each for each in judged if kind in ("all", each.kind)]
        right = sum((each.score > 0.5) == each.good for each in part) / len(part)
        row = {"kind": kind, "steps": len(part), "good": sum(each.good for each in part)}
        within, places = area_within(part)
        row |= {"auc": round(area(part), 3), "accuracy": round(right, 3)}
        print(json.dumps(row | {"within": round(within, 3), "places": places}))


if __name__ == "__main__":
    main()
