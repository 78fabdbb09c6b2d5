"""Writes test/fixtures/pythonRandom.json: what CPython's random module gives for some seeds, for test/unit/base.

    python3 test/makePythonRandomFixtures.py          # Python 3.11 or newer
"""

import json
import platform
import random
from pathlib import Path

SEEDS = [0, 1, 42, 1234, -7, 2**32 - 1, 2**32, 2**53 - 1, 2**100 + 3, "", "s1", "größer"]


def vectors(seed):
    def fresh():
        return random.Random(seed)

    shuffled = []
    rng = fresh()
    for length in [0, 1, 2, 3, 4, 4, 4, 10, 100]:
        items = list(range(length))
        rng.shuffle(items)
        shuffled.append(items)
    rng = fresh()
    return {
        "seed": {"text": seed} if isinstance(seed, str) else {"number": str(seed)},
        "random": [value.hex() for value in (rng.random() for _ in range(700))][-5:],
        "randomDecimal": (lambda rng: [rng.random() for _ in range(5)])(fresh()),
        "getrandbits": (lambda rng: [[bits, str(rng.getrandbits(bits))] for bits in [1, 5, 31, 32, 33, 64, 65, 100, 1000]])(fresh()),
        "shuffle": shuffled,
        "choice": (lambda rng: [rng.choice(range(n)) for n in [1, 2, 3, 7, 64, 65, 1000, 10**6]])(fresh()),
        "sample": (lambda rng: [[n, k, rng.sample(range(n), k)] for n, k in [(1, 0), (1, 1), (10, 5), (21, 5), (22, 5), (85, 6), (86, 6), (1000, 20)]])(fresh()),
    }


def gpqa_letters(seed, rows):
    """Where the right answer of each question goes, as s1 shuffles: seeded once, four choices, the right one last."""
    random.seed(seed)
    letters = ""
    for _ in range(rows):
        choices = ["w1", "w2", "w3", "right"]
        random.shuffle(choices)
        letters += "ABCD"[choices.index("right")]
    return letters


fixture = {
    "python": platform.python_version(),
    "vectors": [vectors(seed) for seed in SEEDS],
    "gpqaLetters": gpqa_letters(0, 198),  # the evaluation harness
    "gpqaSourceLetters": gpqa_letters(42, 348),  # data/fix_gpqa.py, of the training source
}
for one in fixture["vectors"]:
    one["last"] = [float.fromhex(text) for text in one.pop("random")]
target = Path(__file__).parent / "fixtures" / "pythonRandom.json"
target.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
