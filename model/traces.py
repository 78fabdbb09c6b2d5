"""Training sequences: a question, passes of thinking, and the answer, with the mask of the tokens that are learned.

A pass works the problem out at one level and ends in `=> total`. Slips are injected into passes: the first wrong number
is never learned (its loss is masked), the totals after it follow from it, and votes and answers are always the truth.
So the model learns to recompute instead of to copy, and never to be wrong on purpose.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from problems import BACKWARDS, CHUNKS, GUESS, HALVES, SINGLES, VOTES, Problem, draw_training_problem, family_of
from tokenizer import ANSWER_CUE, ANSWER_LEAD, ANSWER_OPEN, ANSWER_TAIL, THINK_OPEN, Codec, chat_prompt

#: Which level comes next: one step further per cue.
SCHEDULE = (GUESS, HALVES, CHUNKS, SINGLES, BACKWARDS, VOTES, SINGLES, VOTES, BACKWARDS, VOTES, VOTES)
TITLES = {
    HALVES: "in halves: ",
    CHUNKS: "in chunks: ",
    SINGLES: "one by one: ",
    BACKWARDS: "backwards: ",
    VOTES: "votes: ",
}

FORCED_CUES = ("Wait", "Hmm", "Alternatively", "", "random", "twice")
FORCED_WEIGHTS = (66, 12, 10, 4, 5, 3)
OWN_CUES = ("Wait", "Hmm", "Alternatively")
OWN_WEIGHTS = (14, 4, 2)
#: Chance that a hesitant cue stays on the level of the last pass, once per level.
STAY = {"Hmm": 0.6, "Alternatively": 0.4}
ODD_CUES = (
    "\nWait", " Wait", "Wait,", "Wait, ", "Let me check", "Let me think again", "But", "Actually", "Actually, ", "So",
    "Check", "Hold on", "Wait a moment", "Are you sure?", "\nHmm", "\nAlternatively",
)  # fmt: skip
EXTRA_PASSES = (1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9)


@dataclass
class Trace:
    """Ids of one training sequence and whether each is learned."""

    codec: Codec
    ids: list[int] = field(default_factory=list)
    learned: list[bool] = field(default_factory=list)
    #: Places behind which a reward model is asked, between its two verdicts, whether all is right so far.
    checks: dict[int, bool] = field(default_factory=dict)

    def put(self, text: str, learn: bool = True) -> None:
        ids = self.codec.encode(text)
        self.ids.extend(ids)
        self.learned.extend([learn] * len(ids))

    def targets(self, ignored: int) -> list[int]:
        """What is learned to follow each id; `ignored` where nothing is."""
        following = zip(self.ids[1:], self.learned[1:], strict=True)
        return [token if learn else ignored for token, learn in following] + [ignored]

    def cut(self, length: int) -> None:
        del self.ids[length:], self.learned[length:]


def odd_cue(rng: random.Random) -> str:
    """Text nobody planned as a cue."""
    if rng.random() < 0.85:
        return rng.choice(ODD_CUES)
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz ,.") for _ in range(rng.randint(2, 10)))


def forced_cue(rng: random.Random) -> str:
    cue = rng.choices(FORCED_CUES, FORCED_WEIGHTS)[0]
    if cue == "random":
        return odd_cue(rng)
    if cue == "twice":
        return rng.choice(OWN_CUES) + rng.choice(("", " ", ", ", "\n")) + rng.choice(OWN_CUES)
    return cue


def joiner(cue: str) -> str:
    """What the model writes between a cue and the title of the next pass."""
    if not cue or cue.endswith((", ", "\n")):
        return ""
    return " " if cue.endswith((",", "?", ".")) else ", "


def put_pass(trace: Trace, problem: Problem, level: int, earlier: list[int], rng: random.Random) -> int:
    """Appends one pass and returns its result."""
    family = family_of(problem)
    if level == VOTES:
        trace.put(TITLES[VOTES] + " ".join(map(str, earlier)) + " => " + str(problem.answer) + "\n")
        return problem.answer
    slips = rng.random() < family.slip_rates[level]
    if level == GUESS:
        result = max(0, problem.answer + family.slip(problem, level, rng)) if slips else problem.answer
        trace.put("Quick guess => ")
        trace.put(str(result), learn=result == problem.answer)
        trace.put("\n")
        return result
    steps = family.steps(problem, level)
    at, offset = (rng.randrange(len(steps)) if slips else -1), 0
    trace.put(TITLES[level])
    for index, step in enumerate(steps):
        trace.put((" " if index else "") + step.text)
        if index == at:
            error = family.slip(problem, level, rng)
            lowest = min(each.total for each in steps[index:])
            offset = -error if lowest + error < 0 else error
        trace.put(str(step.total + offset), learn=index != at)
    result = steps[-1].total + offset
    trace.put(f" => {result}\n")
    return result


@dataclass
class Plan:
    """How a trace goes: passes, those the model starts by itself, and the place in the schedule it starts at."""

    passes: int
    natural: int
    position: int = 0
    skill: bool = False


def plan_trace(problem: Problem, rng: random.Random) -> Plan:
    family = family_of(problem)
    natural = family.natural_passes(problem)
    if rng.random() < family.skill_share:
        return Plan(rng.choice((1, 1, 1, 2, 3)), 0, rng.choice(family.skill_levels), skill=True)
    if rng.random() < 0.3:
        varied = natural + rng.choice((-1, 1)) if rng.random() < 0.06 else natural
        return Plan(max(1, varied), max(1, varied))
    own = natural if rng.random() < 0.75 else 1
    return Plan(natural + rng.choice(EXTRA_PASSES), own)


def advance(position: int, cue: str, stayed: bool, rng: random.Random) -> tuple[int, bool]:
    """The next place in the schedule, and whether it is the same one again."""
    if position >= 1 and not stayed and rng.random() < STAY.get(cue, 0.0):
        return position, True
    return min(position + 1, len(SCHEDULE) - 1), False


def put_thinking(trace: Trace, problem: Problem, plan: Plan, rng: random.Random) -> None:
    """Appends all passes; cues the model would write itself are learned, forced ones are not."""
    position, stayed, earlier = plan.position, False, []
    for number in range(plan.passes):
        own = number < plan.natural
        cue = ""
        if number or plan.skill:
            cue = rng.choices(OWN_CUES, OWN_WEIGHTS)[0] if own or (plan.skill and not number) else forced_cue(rng)
            trace.put(cue, learn=own)
            trace.put(joiner(cue))
        if number:
            position, stayed = advance(position, cue, stayed, rng)
        level = SCHEDULE[position]
        if level == VOTES and len(earlier) < 3:
            level = SINGLES
        first = len(trace.ids)
        earlier.append(put_pass(trace, problem, level, earlier, rng))
        if plan.skill and number == 0:
            trace.learned[first] = False  # starting there was not the model's choice


def put_answer(trace: Trace, problem: Problem, thinking_start: int, plan: Plan, rng: random.Random) -> None:
    """Ends the thinking, by the model's own choice or cut off anywhere, and gives the right answer."""
    newline = trace.codec.encode("\n")[0]
    natural = plan.passes == plan.natural
    if rng.random() < (0.2 if natural else 0.3):
        trace.cut(rng.randint(thinking_start, len(trace.ids) - 1))
        if trace.ids[-1] != newline:
            trace.put("\n", learn=False)
        trace.put(ANSWER_CUE, learn=False)
    else:
        trace.put(ANSWER_OPEN + "\nFinal Answer:")
    trace.put(f"{ANSWER_LEAD}{problem.answer}{ANSWER_TAIL}")
    trace.ids.append(trace.codec.end)
    trace.learned.append(True)


def make_trace(codec: Codec, rng: random.Random, problem: Problem | None = None) -> Trace:
    """One training sequence."""
    problem = problem or draw_training_problem(rng)
    plan = plan_trace(problem, rng)
    trace = Trace(codec)
    trace.put(chat_prompt(family_of(problem).question(problem, rng)), learn=False)
    trace.put(THINK_OPEN)
    start = len(trace.ids)
    trace.put("\n")
    put_thinking(trace, problem, plan, rng)
    put_answer(trace, problem, start, plan, rng)
    return trace


def main() -> None:
    """Prints a few traces; learned tokens plain, the others dimmed."""
    codec, rng = Codec(), random.Random(1)
    for _ in range(10):
        trace = make_trace(codec, rng)
        for token, learned in zip(trace.ids, trace.learned, strict=True):
            text = codec.decode([token])
            print(text if learned else f"\033[2m{text}\033[0m", end="")
        print(f"\n--- {len(trace.ids)} tokens")


if __name__ == "__main__":
    main()
