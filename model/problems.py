"""Problem families, the canonical form of a problem and the train / dev / test split.

To add a family, subclass `Family` and append it to `FAMILIES`. The split is decided by the SHA-256 of the canonical
form, so two wordings of one problem (or a sum with its terms permuted) never lie on two sides.
"""

from __future__ import annotations

import hashlib
import random
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

Split = Literal["train", "dev", "test"]

#: Levels of a pass, each finer than the one before.
GUESS, HALVES, CHUNKS, SINGLES, BACKWARDS, VOTES = range(6)

#: Share of problems (in 1/256) that go to dev and to test.
HELD_OUT = 20

#: Problems that people try first: never trained on.
ALWAYS_TEST = frozenset({"letters:r:raspberry", "letters:r:strawberry"})


@dataclass(frozen=True)
class Step:
    """One step of a pass: the text before the running total, and the right total."""

    text: str
    total: int


@dataclass(frozen=True)
class Problem:
    """One problem; `items` are the letters of a word or the terms of a sum."""

    family: str
    items: tuple[str, ...] | tuple[int, ...]
    wanted: str
    answer: int

    @property
    def size(self) -> int:
        return len(self.items)

    @cached_property
    def canonical(self) -> str:
        return family_of(self).canonical(self)

    @property
    def split(self) -> Split:
        return split_of(self.canonical)


def split_of(canonical: str) -> Split:
    """Where a problem belongs, by the hash of its canonical form (84 / 8 / 8 %)."""
    if canonical in ALWAYS_TEST:
        return "test"
    first = hashlib.sha256(canonical.encode()).digest()[0]
    return "test" if first < HELD_OUT else "dev" if first < 2 * HELD_OUT else "train"


class Family(ABC):
    """A kind of problem: how to draw, word, and work it out at each level."""

    name: str
    #: Share of the training problems.
    share: float
    #: Sizes of the held-out sets.
    evaluation_sizes: tuple[int, int]
    #: Chance of an injected slip at each level up to BACKWARDS.
    slip_rates: tuple[float, ...]
    #: Chance of a trace that starts at a fine level, with nothing to copy from, and the levels it may start at.
    skill_share: float
    skill_levels: tuple[int, ...]

    @abstractmethod
    def draw(self, rng: random.Random, evaluation: bool = False) -> Problem: ...

    @abstractmethod
    def canonical(self, problem: Problem) -> str: ...

    @abstractmethod
    def wordings(self, problem: Problem) -> list[tuple[float, str]]:
        """Questions with their weights; the first is the one of the held-out sets."""

    @abstractmethod
    def natural_passes(self, problem: Problem) -> int:
        """Passes before the model stops by itself."""

    @abstractmethod
    def steps(self, problem: Problem, level: int) -> list[Step]: ...

    @abstractmethod
    def slip(self, problem: Problem, level: int, rng: random.Random) -> int:
        """A non-zero error for a running total."""

    def question(self, problem: Problem, rng: random.Random | None = None) -> str:
        wordings = self.wordings(problem)
        if rng is None:
            return wordings[0][1]
        return rng.choices([text for _, text in wordings], [weight for weight, _ in wordings])[0]


def cut(items: tuple, level: int, chunk: int) -> list[tuple]:
    """The pieces a pass of this level looks at in turn."""
    width = {HALVES: (len(items) + 1) // 2, CHUNKS: chunk}.get(level, 1)
    ordered = items[::-1] if level == BACKWARDS else items
    return [ordered[start : start + width] for start in range(0, len(ordered), width)]


class Letters(Family):
    """How often a letter occurs in a word."""

    name = "letters"
    share = 0.42
    evaluation_sizes = (6, 14)
    slip_rates = (0.75, 0.6, 0.45, 0.2, 0.2)
    skill_share = 0.4
    skill_levels = (HALVES, CHUNKS, CHUNKS, SINGLES, SINGLES, SINGLES, BACKWARDS)

    VOWELS = "aeiou"
    CONSONANTS = "bcdfghjklmnprstvwyz"
    ALPHABET = "abcdefghijklmnopqrstuvwxyz"
    REAL_WORDS = tuple((Path(__file__).parent / "data" / "words.txt").read_text().split())

    def draw(self, rng: random.Random, evaluation: bool = False) -> Problem:
        low, high = self.evaluation_sizes if evaluation else (3, 14)
        word = ""
        while not low <= len(word) <= high:
            word = self._word(rng)
        absent = rng.random() < (0.03 if evaluation else 0.08)
        wanted = rng.choice(self.ALPHABET if absent else word)
        return Problem(self.name, tuple(word), wanted, word.count(wanted))

    def _word(self, rng: random.Random) -> str:
        kind = rng.random()
        if kind < 0.12:
            return rng.choice(self.REAL_WORDS)
        length = rng.randint(3, 14)
        if kind < 0.52:
            return self._syllables(rng, length)
        letters = rng.sample(self.ALPHABET, rng.randint(2, 8))
        return "".join(rng.choice(letters) for _ in range(length))

    def _syllables(self, rng: random.Random, length: int) -> str:
        consonants = rng.sample(self.CONSONANTS, rng.randint(2, 6))
        vowels = rng.sample(self.VOWELS, rng.randint(1, 4))
        word = ""
        while len(word) < length:
            word += rng.choice(consonants)
            word += word[-1] if rng.random() < 0.2 else ""
            word += rng.choice(consonants) if rng.random() < 0.25 else ""
            word += rng.choice(vowels)
            word += word[-1] if rng.random() < 0.08 else ""
        return word[:length]

    def canonical(self, problem: Problem) -> str:
        return f"{self.name}:{problem.wanted}:{''.join(map(str, problem.items))}"

    def wordings(self, problem: Problem) -> list[tuple[float, str]]:
        word, letter = "".join(map(str, problem.items)), problem.wanted
        return [
            (0.6, f"How many {letter} in {word}?"),
            (0.15, f"How many {letter} in the word {word}?"),
            (0.1, f"How many {letter}'s are in the word {word}?"),
            (0.15, f"Count the letter {letter} in {word}."),
        ]

    def natural_passes(self, problem: Problem) -> int:
        return 1 if problem.size <= 7 else 2 if problem.size <= 11 else 3

    def steps(self, problem: Problem, level: int) -> list[Step]:
        # From the chunks on, the wanted letter stands right before the total: without it the model never learns this.
        reminder = problem.wanted if level >= CHUNKS else ""
        total, steps = 0, []
        for piece in cut(problem.items, level, chunk=3):
            total += piece.count(problem.wanted)
            steps.append(Step("".join(piece) + reminder, total))
        return steps

    def slip(self, problem: Problem, level: int, rng: random.Random) -> int:
        return rng.choice((1, -1, 1, -1, 1, -1, 2, -2))


class Sums(Family):
    """The sum of several small numbers."""

    name = "sums"
    share = 0.58
    evaluation_sizes = (3, 8)
    slip_rates = (0.6, 0.45, 0.25, 0.12, 0.12)
    skill_share = 0.12
    skill_levels = (HALVES, CHUNKS, SINGLES, SINGLES, BACKWARDS)

    def draw(self, rng: random.Random, evaluation: bool = False) -> Problem:
        low, high = self.evaluation_sizes if evaluation else (2, 8)
        largest = 9 if rng.random() < 0.6 else 19
        terms = tuple(rng.randint(1, largest) for _ in range(rng.randint(low, high)))
        return Problem(self.name, terms, "", sum(terms))

    def canonical(self, problem: Problem) -> str:
        return f"{self.name}:" + "+".join(map(str, sorted(problem.items)))

    def wordings(self, problem: Problem) -> list[tuple[float, str]]:
        terms = [str(term) for term in problem.items]
        return [
            (0.75, f"What is {'+'.join(terms)}?"),
            (0.15, f"What is {' + '.join(terms)}?"),
            (0.1, f"Add the numbers {', '.join(terms)}."),
        ]

    def natural_passes(self, problem: Problem) -> int:
        return 1 if problem.size <= 5 else 2

    def steps(self, problem: Problem, level: int) -> list[Step]:
        total, steps = 0, []
        for piece in cut(problem.items, level, chunk=2):
            total += sum(piece)
            steps.append(Step(("+" if steps else "") + "+".join(map(str, piece)) + "=", total))
        return steps

    def slip(self, problem: Problem, level: int, rng: random.Random) -> int:
        if level > HALVES:
            return rng.choice((1, -1, 1, -1, 2, -2, 10, -10, 3, -3))
        spread = (1.2 if level == GUESS else 0.7) * problem.size * 0.8 + 0.7
        error = 0
        while error == 0:
            error = round(rng.gauss(0, spread))
        return error


FAMILIES: dict[str, Family] = {family.name: family for family in (Letters(), Sums())}
#: Families by name; `graded.py` adds those of the second stage.
REGISTRY: dict[str, Family] = dict(FAMILIES)


def family_of(problem: Problem) -> Family:
    return REGISTRY[problem.family]


def draw_training_problem(rng: random.Random) -> Problem:
    """A problem of the training split, families by their share."""
    families = list(FAMILIES.values())
    family = rng.choices(families, [each.share for each in families])[0]
    while True:
        problem = family.draw(rng)
        if problem.split == "train":
            return problem
