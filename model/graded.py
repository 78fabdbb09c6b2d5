"""The graded families of the second stage: longer sums, and three new kinds of problem.

Every family has problems that a guess gets right and problems that need the finest pass, so accuracy rises with each
pass instead of jumping at one. `GRADED` is what the second stage and the held-out sets draw from.
"""

from __future__ import annotations

import random

from problems import BACKWARDS, CHUNKS, GUESS, HALVES, REGISTRY, SINGLES, Family, Letters, Problem, Step, Sums, cut


def by_size(size: int, limits: tuple[int, ...]) -> int:
    """One pass up to the first limit, one more beyond each."""
    return 1 + sum(size > limit for limit in limits)


class GradedLetters(Letters):
    share = 0.28
    skill_share = 0.15

    def natural_passes(self, problem: Problem) -> int:
        return by_size(problem.size, (6, 9, 12))


class GradedSums(Sums):
    """Up to ten terms, some of them up to 29."""

    share = 0.2
    evaluation_sizes = (3, 10)
    skill_share = 0.1

    def draw(self, rng: random.Random, evaluation: bool = False) -> Problem:
        low, high = self.evaluation_sizes if evaluation else (2, 10)
        largest = rng.choices((9, 19, 29), (3, 5, 2))[0]
        terms = tuple(rng.randint(1, largest) for _ in range(rng.randint(low, high)))
        return Problem(self.name, terms, "", sum(terms))

    def natural_passes(self, problem: Problem) -> int:
        return by_size(problem.size, (4, 6, 9))


class Above(Family):
    """How many of several numbers are above a bound."""

    name = "above"
    share = 0.16
    evaluation_sizes = (4, 14)
    slip_rates = (0.7, 0.55, 0.35, 0.15, 0.15)
    skill_share = 0.15
    skill_levels = (HALVES, CHUNKS, SINGLES, SINGLES, BACKWARDS)

    def draw(self, rng: random.Random, evaluation: bool = False) -> Problem:
        low, high = self.evaluation_sizes if evaluation else (3, 14)
        numbers = tuple(rng.randint(1, 19) for _ in range(rng.randint(low, high)))
        bound = rng.randint(4, 15)
        return Problem(self.name, numbers, str(bound), sum(each > bound for each in numbers))

    def canonical(self, problem: Problem) -> str:
        return f"{self.name}:{problem.wanted}:" + ",".join(map(str, problem.items))

    def wordings(self, problem: Problem) -> list[tuple[float, str]]:
        return [(1.0, f"How many numbers above {problem.wanted} in {', '.join(map(str, problem.items))}?")]

    def natural_passes(self, problem: Problem) -> int:
        return by_size(problem.size, (5, 8, 11))

    def steps(self, problem: Problem, level: int) -> list[Step]:
        """From the chunks on, y or n beside the numbers says which are above."""
        bound, total, steps = int(problem.wanted), 0, []
        for piece in cut(problem.items, level, chunk=3):
            total += sum(each > bound for each in piece)
            flags = "".join("y" if each > bound else "n" for each in piece) if level >= CHUNKS else "="
            steps.append(Step(",".join(map(str, piece)) + flags, total))
        return steps

    def slip(self, problem: Problem, level: int, rng: random.Random) -> int:
        return rng.choice((1, -1, 1, -1, 1, -1, 2, -2))


class Chains(Family):
    """Additions and subtractions, one after the other."""

    name = "chains"
    share = 0.18
    evaluation_sizes = (3, 9)
    slip_rates = (0.65, 0.5, 0.3, 0.14, 0.14)
    skill_share = 0.12
    skill_levels = (HALVES, CHUNKS, SINGLES, SINGLES, BACKWARDS)

    def draw(self, rng: random.Random, evaluation: bool = False) -> Problem:
        low, high = self.evaluation_sizes if evaluation else (2, 9)
        largest = rng.choices((9, 19), (4, 6))[0]
        total = rng.randint(1, largest)
        terms = [total]
        for _ in range(rng.randint(low, high) - 1):
            term = rng.randint(1, largest)
            terms.append(-term if term <= total and rng.random() < 0.5 else term)
            total += terms[-1]
        # Without a minus it would be a sum.
        return Problem(self.name, tuple(terms), "", total) if min(terms) < 0 else self.draw(rng, evaluation)

    @staticmethod
    def written(terms: tuple[int, ...]) -> str:
        return "".join(f"{term:+d}" for term in terms)

    def canonical(self, problem: Problem) -> str:
        return f"{self.name}:{self.written(problem.items)}"

    def wordings(self, problem: Problem) -> list[tuple[float, str]]:
        return [(1.0, f"What is {self.written(problem.items).removeprefix('+')}?")]

    def natural_passes(self, problem: Problem) -> int:
        return by_size(problem.size, (3, 5, 8))

    def steps(self, problem: Problem, level: int) -> list[Step]:
        """Backwards means: all additions first, so that no total is below zero."""
        terms = problem.items
        if level == BACKWARDS:
            terms = tuple(sorted(terms[::-1], key=lambda term: term < 0))[::-1]
        total, steps = 0, []
        for piece in cut(terms, level, chunk=2):
            total += sum(piece)
            written = self.written(piece)
            steps.append(Step((written if steps else written.removeprefix("+")) + "=", total))
        return steps

    def slip(self, problem: Problem, level: int, rng: random.Random) -> int:
        if level > HALVES:
            return rng.choice((1, -1, 1, -1, 2, -2, 10, -10))
        return rng.choice((-1, 1)) * max(1, round(abs(rng.gauss(0, 1.5 + problem.size * 0.6))))


class Products(Family):
    """The sum of two or three small products: multiplication by adding again and again."""

    name = "products"
    share = 0.18
    evaluation_sizes = (2, 3)
    slip_rates = (0.7, 0.45, 0.3, 0.12, 0.12)
    skill_share = 0.12
    skill_levels = (HALVES, CHUNKS, SINGLES, SINGLES, BACKWARDS)

    def draw(self, rng: random.Random, evaluation: bool = False) -> Problem:
        low, high = self.evaluation_sizes
        pairs = tuple((rng.randint(2, 5), rng.randint(2, 12)) for _ in range(rng.randint(low, high)))
        items = tuple(f"{times}*{factor}" for times, factor in pairs)
        return Problem(self.name, items, "", sum(times * factor for times, factor in pairs))

    def canonical(self, problem: Problem) -> str:
        return f"{self.name}:" + "+".join(sorted(map(str, problem.items)))

    def wordings(self, problem: Problem) -> list[tuple[float, str]]:
        return [(1.0, f"What is {'+'.join(map(str, problem.items))}?")]

    def natural_passes(self, problem: Problem) -> int:
        return by_size(problem.answer, (20, 60, 90))

    @staticmethod
    def pieces(problem: Problem, level: int) -> list[tuple[int, int]]:
        """(times, factor) in turn: whole products, two at a time, or one at a time."""
        width, found = {HALVES: 9, CHUNKS: 2}.get(level, 1), []
        for item in problem.items[::-1] if level == BACKWARDS else problem.items:
            times, factor = map(int, str(item).split("*"))
            while times > 0:
                found.append((min(width, times), factor))
                times -= width
        return found

    def steps(self, problem: Problem, level: int) -> list[Step]:
        total, steps = 0, []
        for times, factor in self.pieces(problem, level):
            total += times * factor
            written = str(factor) if times == 1 else f"{times}*{factor}"
            steps.append(Step(("+" if steps else "") + written + "=", total))
        return steps

    def slip(self, problem: Problem, level: int, rng: random.Random) -> int:
        if level != GUESS:
            return rng.choice((1, -1, 2, -2, 3, -3, 10, -10))
        return rng.choice((-1, 1)) * max(1, round(abs(rng.gauss(0, 6))))


GRADED: dict[str, Family] = {
    family.name: family for family in (GradedLetters(), GradedSums(), Above(), Chains(), Products())
}
REGISTRY.update({name: family for name, family in GRADED.items() if name not in REGISTRY})


def draw_graded_problem(rng: random.Random) -> Problem:
    """A problem of the training split, families by their share."""
    families = list(GRADED.values())
    family = rng.choices(families, [each.share for each in families])[0]
    while True:
        problem = family.draw(rng)
        if problem.split == "train":
            return problem
