"""Measures the reward model on thinking the policy itself wrote about dev problems: AUC and accuracy of its verdicts.

The score of a step is P(good) / (P(good) + P(bad)) for the token after `<|step|>`, with a tag behind each step so far.
A step is a pass; it is right when every running total in it is. Wrong passes here are the policy's own (temperature 1
by default), none is injected.
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from evaluate_dev import DEV, read_problems
from generate import Sampler, load_network
from graded import GRADED
from problems import BACKWARDS, HALVES, Problem
from tokenizer import STEP_TAG, THINK_OPEN, Codec, chat_prompt
from traces import TITLES

LEVELS = {title.rstrip(": "): level for level, title in TITLES.items()}


@dataclass
class Judged:
    """One step: its kind, whether it is right, and the score it got."""

    kind: str
    good: bool
    score: float


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


def kind_of(line: str) -> str:
    if "Quick guess" in line:
        return "guess"
    return next((title for title in LEVELS if f"{title}: " in line), "other")


def is_right(problem: Problem, line: str) -> bool:
    """Every running total of the pass, checked against the ones a program works out."""
    kind = kind_of(line)
    found = re.search(r" => (\d+)$", line)
    if not found or int(found.group(1)) != problem.answer:
        return False
    level = LEVELS.get(kind)
    if level is None or not HALVES <= level <= BACKWARDS:
        return True
    steps = GRADED[problem.family].steps(problem, level)
    right = " ".join(f"{step.text}{step.total}" for step in steps)
    return line.split(TITLES[level], 1)[1].split(" => ")[0] == right


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reward", type=Path, help="checkpoint of the reward model")
    parser.add_argument("policy", type=Path, help="checkpoint of the policy")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--cues", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    codec, problems = Codec(), read_problems(DEV)
    sampler = Sampler(load_network(options.policy), codec, temperature=options.temperature)
    reward, judged = load_network(options.reward), []
    runs = sampler.think([record["question"] for record in problems], options.cues, "Wait")
    for run, record in zip(runs, problems, strict=True):
        lines = codec.decode(run.ids[run.start :]).strip().split("\n")
        problem = read_problem(record)
        scores = score_steps(reward, codec, record["question"], lines)
        judged += [
            Judged(kind_of(line), is_right(problem, line), score) for line, score in zip(lines, scores, strict=True)
        ]
    for kind in ["all", *sorted({each.kind for each in judged})]:
        part = [each for each in judged if kind in ("all", each.kind)]
        right = sum((each.score > 0.5) == each.good for each in part) / len(part)
        row = {"kind": kind, "steps": len(part), "good": sum(each.good for each in part)}
        print(json.dumps(row | {"auc": round(area(part), 3), "accuracy": round(right, 3)}))


if __name__ == "__main__":
    main()
