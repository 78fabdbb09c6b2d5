"""Training sequences of the reward model: thinking with a tag at the end of each step, then whether the step is right.

A step is a line of the thinking (a pass). Behind its text, before the newline, stands `<|step|>`; what the model
predicts there is `<|good|>` if every running total of the line is right, and `<|bad|>` otherwise. The verdict itself is
not part of the sequence: it is only what is learned at the tag. Half of the sequences have a tag behind every running
total too, which teaches the model to check single steps.

The text is learned as well, except for wrong numbers: a model that loses the ability to write right totals cannot tell
them from wrong ones (a training on the verdicts alone stayed at chance).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from graded import GRADED, draw_graded_problem
from graded_traces import Walk, prompt
from problems import GUESS, VOTES, Problem
from tokenizer import START, STEP_TAG, THINK_OPEN, Codec
from traces import OWN_CUES, OWN_WEIGHTS, TITLES, Trace, joiner


@dataclass
class JudgedTrace(Trace):
    """A trace whose target at a tag is the verdict, and elsewhere what follows, as in any trace."""

    #: Places of the tags.
    verdicts: dict[int, bool] = field(default_factory=dict)

    def judge(self, good: bool) -> None:
        """Appends the tag and remembers the verdict."""
        self.put(STEP_TAG, learn=False)
        self.verdicts[len(self.ids) - 1] = good

    def targets(self, ignored: int) -> list[int]:
        targets = super().targets(ignored)
        for place, good in self.verdicts.items():
            targets[place] = self.codec.good if good else self.codec.bad
        return targets


def put_judged_pass(
    trace: JudgedTrace, problem: Problem, level: int, earlier: list[int], dense: bool, rng: random.Random
) -> int:
    """One pass with slips; each running total is checked against the right one."""
    family = GRADED[problem.family]
    if level == VOTES:
        result = problem.answer if rng.random() < 0.6 else rng.choice(earlier)
        trace.put(TITLES[VOTES] + " ".join(map(str, earlier)) + " => ")
        trace.put(str(result), learn=result == problem.answer)
        trace.judge(result == problem.answer)
        return result
    slips = rng.random() < 0.5
    if level == GUESS:
        result = max(0, problem.answer + family.slip(problem, level, rng)) if slips else problem.answer
        trace.put("Quick guess => ")
        trace.put(str(result), learn=result == problem.answer)
        trace.judge(result == problem.answer)
        return result
    steps = family.steps(problem, level)
    at, offset = (rng.randrange(len(steps)) if slips else -1), 0
    trace.put(TITLES[level])
    for index, step in enumerate(steps):
        if index == at:
            error = family.slip(problem, level, rng)
            offset = -error if min(each.total for each in steps[index:]) + error < 0 else error
        trace.put(f"{' ' if index else ''}{step.text}")
        trace.put(str(step.total + offset), learn=index != at)
        if dense:
            trace.judge(offset == 0)
    result = steps[-1].total + offset
    trace.put(f" => {result}")
    trace.judge(offset == 0)
    return result


def make_prm_trace(codec: Codec, rng: random.Random, problem: Problem | None = None) -> JudgedTrace:
    """One sequence, in the dialect with passes or in the one with steps."""
    problem = problem or draw_graded_problem(rng)
    trace, walk, earlier = JudgedTrace(codec), Walk(0), []
    passes, stepwise, dense = rng.randint(1, 6), rng.random() < 0.4, rng.random() < 0.5
    suffix = f"Think for up to {1 << (passes - 1).bit_length()} steps." if stepwise else ""
    trace.put(prompt(problem, rng, suffix if rng.random() < 0.7 else ""), learn=False)
    trace.put("" if stepwise else THINK_OPEN + "\n", learn=False)
    for number in range(passes):
        if stepwise:
            trace.put(START, learn=False)
            trace.put(f"{passes - number} steps left\n", learn=False)
        elif number:
            cue = rng.choices(OWN_CUES, OWN_WEIGHTS)[0]
            trace.put(cue + joiner(cue), learn=False)
        level = walk.level(earlier)
        earlier.append(put_judged_pass(trace, problem, level, earlier, dense, rng))
        trace.put("\n")
        walk.go_on(rng.choices(OWN_CUES, OWN_WEIGHTS)[0], rng)
    return trace
