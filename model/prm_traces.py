"""Training sequences of the reward model: thinking with a tag at the end of each step, then whether the step is right.

A step is a line of the thinking (a pass). Behind its text, before the newline, stands `<|step|>`; what the model
predicts there is `<|good|>` if the line is what a program writes (every running total right), and `<|bad|>` otherwise. The
verdict itself is not part of the sequence: it is only what is learned at the tag. Behind every running total the verdict so
far is learned as well, between the same two tokens, without a tag: so single steps are checked.

Some sequences are the policy's own runs (`rollouts.py`), mistakes included; in the others a program wrote the lines and
put a slip into half of them, so that there is no end of new problems. The text is learned up to the first mistake of
a line, and there what would have been right: to judge a number the model has to know it.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from graded import GRADED, draw_graded_problem
from graded_traces import Walk
from problems import BACKWARDS, GUESS, HALVES, VOTES, Problem
from tokenizer import STEP_TAG, THINK_OPEN, Codec, chat_prompt
from traces import OWN_CUES, OWN_WEIGHTS, TITLES, Trace, joiner

#: Share of sequences that are the policy's own runs.
OWN_SHARE = 0.4
LEVELS = {title.rstrip(": "): level for level, title in TITLES.items()}


def kind_of(line: str) -> str:
    if "Quick guess" in line:
        return "guess"
    return next((title for title in LEVELS if f"{title}: " in line), "other")


def corrected(problem: Problem, line: str) -> str:
    """The line with the totals and the result that a program works out."""
    level = LEVELS.get(kind_of(line))
    if level is not None and HALVES <= level <= BACKWARDS:
        steps = GRADED[problem.family].steps(problem, level)
        totals = " ".join(f"{step.text}{step.total}" for step in steps)
        return f"{line.split(TITLES[level], 1)[0]}{TITLES[level]}{totals} => {problem.answer}"
    return re.sub(r" => \d*$", "", line) + f" => {problem.answer}"


@dataclass
class JudgedTrace(Trace):
    """A trace whose target at a tag is the verdict, and elsewhere what follows, as in any trace."""

    #: Places of the tags.
    verdicts: dict[int, bool] = field(default_factory=dict)
    #: Places where something else should have followed.
    corrections: dict[int, int] = field(default_factory=dict)

    def put_judged(self, line: str, right: str) -> None:
        """Appends a line with its tag."""
        ids, wanted = self.codec.encode(line), self.codec.encode(right)
        limit = min(len(ids), len(wanted))
        mistake = next((place for place in range(limit) if ids[place] != wanted[place]), limit)
        first, good = len(self.ids), line == right
        self.ids += ids
        self.learned += [good or place < mistake for place in range(len(ids))]
        if not good:
            self.corrections[first + mistake - 1] = wanted[mistake] if mistake < len(wanted) else self.codec.step_tag
        for place, token in enumerate(ids):
            if token in digits(self.codec) and (place + 1 == len(ids) or ids[place + 1] in spaces(self.codec)):
                self.checks[first + place] = good or place < mistake
        self.put(STEP_TAG, learn=good)
        self.verdicts[len(self.ids) - 1] = good

    def targets(self, ignored: int) -> list[int]:
        targets = super().targets(ignored)
        for place, token in self.corrections.items():
            targets[place] = token
        for place, good in self.verdicts.items():
            targets[place] = self.codec.good if good else self.codec.bad
        return targets


@cache
def digits(codec: Codec) -> frozenset[int]:
    return frozenset(codec.encode(digit)[0] for digit in "0123456789")


@cache
def spaces(codec: Codec) -> frozenset[int]:
    """What follows a running total."""
    return frozenset(codec.encode(space)[0] for space in (" ", " => "))


@cache
def read_rollouts(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def judged_trace(codec: Codec, problem: Problem, question: str, lines: list[str]) -> JudgedTrace:
    """The thinking as the scorer is shown it, with the verdict on each line."""
    trace = JudgedTrace(codec)
    trace.put(chat_prompt(question) + THINK_OPEN + "\n", learn=False)
    for line in filter(None, lines):
        trace.put_judged(line, corrected(problem, line))
        trace.put("\n")
    return trace


def slipped_line(problem: Problem, level: int, earlier: list[str], rng: random.Random) -> str:
    """A pass as the program writes it, half of the time with a slip that the later totals follow from."""
    family, error = GRADED[problem.family], 0
    if rng.random() < 0.5:
        error = family.slip(problem, min(level, BACKWARDS), rng) * rng.choice((1, 1, 2))
    if level == VOTES:
        return f"{TITLES[VOTES]}{' '.join(earlier)} => {max(0, problem.answer + error)}"
    if level == GUESS:
        return f"Quick guess => {max(0, problem.answer + error)}"
    steps = family.steps(problem, level)
    at = rng.randrange(len(steps))
    if min(step.total for step in steps[at:]) + error < 0:
        error = -error
    totals = [step.total + (error if place >= at else 0) for place, step in enumerate(steps)]
    written = " ".join(f"{step.text}{total}" for step, total in zip(steps, totals, strict=True))
    return f"{TITLES[level]}{written} => {totals[-1]}"


def slipped_run(problem: Problem, rng: random.Random) -> list[str]:
    """A guess, a guess and halves, or as many passes as the policy takes by itself and some more."""
    natural = GRADED[problem.family].natural_passes(problem)
    passes = rng.choice((1, 1, 2, 2, natural, natural, natural + 1, natural + 3))
    walk, lines, results = Walk(0), [], []
    for number in range(passes):
        cue = rng.choices(OWN_CUES, OWN_WEIGHTS)[0] if number else ""
        line = slipped_line(problem, walk.level([0] * number), results, rng)
        lines.append(cue + joiner(cue) + line)
        results.append(line.rsplit(" ", 1)[1])
        walk.go_on(cue, rng)
    return lines


def make_prm_trace(codec: Codec, rng: random.Random, rollouts: Path | None = None) -> JudgedTrace:
    """One of the policy's runs, or one with slips; only the latter without rollouts."""
    if rollouts is not None and rng.random() < OWN_SHARE:
        record = rng.choice(read_rollouts(rollouts))
        problem = Problem(record["family"], tuple(record["items"]), record["wanted"], record["right"])
        return judged_trace(codec, problem, record["question"], record["lines"])
    problem = draw_graded_problem(rng)
    return judged_trace(codec, problem, GRADED[problem.family].question(problem, rng), slipped_run(problem, rng))
