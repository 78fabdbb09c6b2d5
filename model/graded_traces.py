"""Training sequences of the second stage: graded families, cues that differ, and thinking of a size that was asked for.

Kinds of trace: *plain* (natural runs of up to four passes, and runs carried on by cues), *tokens* ("Think for up to N
tokens." after the question: the thinking has more than N/2 and at most N tokens) and *steps* ("Think for up to N
steps.": `<|im_start|>3 steps left`, a pass, `<|im_start|>2 steps left`, …, and the last step is always 1).
"""

from __future__ import annotations

import random

from graded import GRADED, draw_graded_problem
from problems import SINGLES, VOTES, Problem
from tokenizer import ANSWER_LEAD, ANSWER_OPEN, ANSWER_TAIL, START, THINK_OPEN, Codec, chat_prompt
from traces import (
    EXTRA_PASSES, OWN_CUES, OWN_WEIGHTS, SCHEDULE, Plan, Trace, forced_cue, joiner, put_answer, put_pass,
)  # fmt: skip

KINDS = ("plain", "tokens", "steps")
KIND_WEIGHTS = (0.74, 0.11, 0.15)
#: How often a cue may keep the thinking on the level it is at: Wait goes on, Alternatively stays once, Hmm twice.
STAYS = {"Hmm": 2, "Alternatively": 1}
STAY_CHANCE = 0.92


def bucket(count: int) -> int:
    """The next power of two."""
    return 1 << max(0, count - 1).bit_length()


def plan_graded(problem: Problem, rng: random.Random) -> Plan:
    family = GRADED[problem.family]
    natural = family.natural_passes(problem)
    if rng.random() < family.skill_share:
        return Plan(rng.choice((1, 1, 2)), 0, rng.choice(family.skill_levels), skill=True)
    if rng.random() < 0.35:
        return Plan(natural, natural)
    return Plan(natural + rng.choice(EXTRA_PASSES), natural)


class Walk:
    """The place in the schedule, and how often the cues kept it there."""

    def __init__(self, position: int) -> None:
        self.position, self.stays = position, 0

    def go_on(self, cue: str, rng: random.Random) -> None:
        if self.position >= 1 and self.stays < STAYS.get(cue, 0) and rng.random() < STAY_CHANCE:
            self.stays += 1
            return
        self.position, self.stays = min(self.position + 1, len(SCHEDULE) - 1), 0

    def level(self, earlier: list[int]) -> int:
        level = SCHEDULE[self.position]
        return SINGLES if level == VOTES and len(earlier) < 3 else level


def put_plain(trace: Trace, problem: Problem, plan: Plan, rng: random.Random) -> None:
    """Passes of the model's own, then passes after forced cues (which are not learned)."""
    walk, earlier = Walk(plan.position), []
    for number in range(plan.passes):
        own = number < plan.natural
        if number or plan.skill:
            cue = rng.choices(OWN_CUES, OWN_WEIGHTS)[0] if own or not number else forced_cue(rng)
            # The model's own words are Wait mostly; what they are does not change which pass is next.
            trace.put(cue, learn=own)
            trace.put(joiner(cue))
            if number:
                walk.go_on("Wait" if own else cue, rng)
        first = len(trace.ids)
        earlier.append(put_pass(trace, problem, walk.level(earlier), earlier, rng))
        if plan.skill and number == 0:
            trace.learned[first] = False


def prompt(problem: Problem, rng: random.Random, suffix: str = "") -> str:
    question = GRADED[problem.family].question(problem, rng)
    return chat_prompt(f"{question}\n\n{suffix}" if suffix else question)


def plain_trace(codec: Codec, problem: Problem, rng: random.Random) -> Trace:
    plan, trace = plan_graded(problem, rng), Trace(codec)
    trace.put(prompt(problem, rng), learn=False)
    trace.put(THINK_OPEN)
    start = len(trace.ids)
    trace.put("\n")
    put_plain(trace, problem, plan, rng)
    put_answer(trace, problem, start, plan, rng)
    return trace


def put_final(trace: Trace, problem: Problem) -> None:
    trace.put(f"{ANSWER_OPEN}\nFinal Answer:")
    trace.put(f"{ANSWER_LEAD}{problem.answer}{ANSWER_TAIL}")
    trace.ids.append(trace.codec.end)
    trace.learned.append(True)


def tokens_trace(codec: Codec, problem: Problem, rng: random.Random) -> Trace:
    """The budget is the power of two at or above the length of the thinking."""
    passes = rng.choice((1, 2, 2, 3, 3, 4, 4, 5, 6, 7))
    thinking, trace = Trace(codec), Trace(codec)
    thinking.put("\n")
    put_plain(thinking, problem, Plan(passes, passes), rng)
    budget = bucket(len(thinking.ids))
    trace.put(prompt(problem, rng, f"Think for up to {budget} tokens."), learn=False)
    trace.put(THINK_OPEN)
    trace.ids += thinking.ids
    trace.learned += thinking.learned
    put_final(trace, problem)
    return trace


def steps_trace(codec: Codec, problem: Problem, rng: random.Random) -> Trace:
    """The countdown starts at the real number of steps, which is more than half of what the suffix allows."""
    steps = rng.choice((1, 2, 3, 4, 4, 5, 6, 7, 8))
    trace, walk, earlier = Trace(codec), Walk(0), []
    trace.put(prompt(problem, rng, f"Think for up to {bucket(steps)} steps."), learn=False)
    for left in range(steps, 0, -1):
        trace.put(START)
        trace.put(f"{left} steps left\n")
        earlier.append(put_pass(trace, problem, walk.level(earlier), earlier, rng))
        walk.go_on("Wait", rng)
    put_final(trace, problem)
    return trace


def make_graded_trace(codec: Codec, rng: random.Random, problem: Problem | None = None) -> Trace:
    """One training sequence of the second stage."""
    problem = problem or draw_graded_problem(rng)
    kind = rng.choices(KINDS, KIND_WEIGHTS)[0]
    return {"plain": plain_trace, "tokens": tokens_trace, "steps": steps_trace}[kind](codec, problem, rng)
