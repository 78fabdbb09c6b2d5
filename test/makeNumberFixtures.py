"""Writes test/fixtures/numbers.json: results of SciPy, statsmodels and NumPy on generated data, for test/unit/numbers.

    python3 -m venv VENV && VENV/bin/pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0
    VENV/bin/python test/makeNumberFixtures.py
"""

import itertools
import json
from math import comb
from pathlib import Path

import numpy as np
import scipy
import statsmodels
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(20250131)


def wilson():
    cases = [(0, 1), (1, 1), (0, 30), (30, 30), (17, 30), (250, 500), (1, 10000)]
    cases += [(int(rng.integers(0, n + 1)), int(n)) for n in rng.integers(1, 1000, 20)]
    return [
        {"successes": k, "total": n, "interval": proportion_confint(k, n, alpha=0.05, method="wilson")}
        for k, n in cases
    ]


def mcnemar_exact():
    cases = [(0, 0), (0, 1), (3, 0), (5, 5), (2, 0), (1, 30), (400, 460), (2000, 2000)]
    cases += [tuple(int(x) for x in rng.integers(0, 60, 2)) for _ in range(20)]
    return [
        {
            "onlyA": b,
            "onlyB": c,
            "p": float(mcnemar([[7, b], [c, 9]], exact=True).pvalue) if b + c else 1.0,
            "pScipy": float(stats.binomtest(b, b + c, 0.5).pvalue) if b + c else 1.0,
        }
        for b, c in cases
    ]


def sign_flip():
    """SciPy enumerates all sign patterns where there are few; else a large sample of its own."""
    result = []
    for n, samples in [(5, 4), (9, 2), (12, 8), (14, 4), (60, 4), (200, 8), (500, 4)]:
        shift = rng.uniform(-0.15, 0.25)
        before = rng.binomial(samples, rng.beta(1, 1, n))
        after = rng.binomial(samples, np.clip(before / samples + shift, 0, 1))
        differences = (after - before) / samples
        exact = n <= 14
        test = stats.permutation_test(
            (differences,),
            lambda x, axis: np.mean(x, axis=axis),
            permutation_type="samples",
            n_resamples=np.inf if exact else 200_000,
            vectorized=True,
            random_state=np.random.default_rng(7),
        )
        result.append({"differences": differences.tolist(), "p": float(test.pvalue), "exact": exact})
    return result


def holm():
    result = []
    for n in [1, 2, 3, 5, 12]:
        p = rng.uniform(0, 1, n) ** 3
        result.append({"p": p.tolist(), "adjusted": multipletests(p, method="holm")[1].tolist()})
    ties = [0.01, 0.01, 0.5, 0.04]
    return result + [{"p": ties, "adjusted": multipletests(ties, method="holm")[1].tolist()}]


def bootstrap():
    """Percentile intervals of SciPy's bootstrap over problems, for a mean and for a ratio of sums."""
    result = []
    for n in [30, 200, 500]:
        values = rng.binomial(8, rng.beta(0.7, 0.7, n)) / 8
        interval = stats.bootstrap(
            (values,), np.mean, n_resamples=100_000, method="percentile", random_state=np.random.default_rng(3), batch=1000
        ).confidence_interval
        result.append({"values": values.tolist(), "interval": [float(interval.low), float(interval.high)]})
    return result


def log2_slope(x, correct, axis=-1):
    """Of the means over problems: all pairs, in points per doubling, and the least-squares line by scipy.stats.linregress."""
    at, accuracy = np.log2(x.mean(0)), 100 * correct.mean(0)
    pairs = [(accuracy[j] - accuracy[i]) / (at[j] - at[i]) for i, j in itertools.combinations(range(len(at)), 2)]
    return float(np.mean(pairs)), float(stats.linregress(at, accuracy).slope)


def scaling():
    """A whole table: problems resampled by NumPy with all their samples, both slopes recomputed every time."""
    n = 120
    ability = rng.normal(0, 1, n)
    tokens = np.stack([rng.integers(int(0.8 * m), int(1.2 * m), n) for m in (100, 200, 400, 800, 1100)], axis=1)
    chance = 1 / (1 + np.exp(-(ability[:, None] + np.array([-1, -0.5, 0, 0.6, 0.8]))))
    correct = (rng.uniform(size=chance.shape) < chance).astype(int)
    draws = rng.integers(0, n, (20_000, n))
    slopes = np.array([log2_slope(tokens[d], correct[d]) for d in draws])
    best = np.array([100 * correct[d].mean(0).max() for d in draws])
    value = log2_slope(tokens, correct)
    quantiles = lambda column: [float(q) for q in np.percentile(column, [2.5, 97.5])]
    return {
        "thinkingTokens": tokens.tolist(),
        "correct": correct.tolist(),
        "log2": {"value": value[0], "interval": quantiles(slopes[:, 0])},
        "leastSquares": {"value": value[1], "interval": quantiles(slopes[:, 1])},
        "performance": {"value": float(100 * correct.mean(0).max()), "interval": quantiles(best)},
    }


def pass_at_k():
    """1 - C(n - c, k) / C(n, k), and by drawing every subset, for small n."""
    cases = [(n, c, k) for n in (1, 4, 10) for c in range(0, n + 1, 2) for k in (1, 2, 3, n) if k <= n]
    result = [{"n": n, "correct": c, "k": k, "pass": 1 - comb(n - c, k) / comb(n, k)} for n, c, k in cases]
    for case in result:
        subsets = list(itertools.combinations([1] * case["correct"] + [0] * (case["n"] - case["correct"]), case["k"]))
        assert abs(np.mean([max(s) for s in subsets]) - case["pass"]) < 1e-12
    large = [(200, 3, 64), (1000, 1, 100)]
    return result + [
        {"n": n, "correct": c, "k": k, "pass": float(stats.hypergeom.sf(0, n, c, k))} for n, c, k in large
    ]


def majority():
    """maj@k over every subset in every order: ties go to the answer seen first."""
    result = []
    for answers in [list("aabbc"), list("abcde"), list("aaabb"), list("bbaca")]:
        for k in (1, 2, 3, 4, 5):
            wins = [max(p, key=p.count) == "a" for p in itertools.permutations(answers, k)]
            result.append({"answers": answers, "truth": "a", "k": k, "majority": float(np.mean(wins))})
    return result


def variance():
    """Components by statsmodels' one-way analysis of variance."""
    import pandas as pd

    k, n = 6, 80
    correct = (rng.uniform(size=(n, k)) < rng.beta(0.8, 0.8, n)[:, None]).astype(int)
    frame = pd.DataFrame({"y": correct.ravel(), "problem": np.repeat(np.arange(n), k)})
    table = anova_lm(ols("y ~ C(problem)", frame).fit())
    square = table["sum_sq"] / table["df"]
    within = float(square["Residual"])
    return {"correct": correct.tolist(), "within": within, "between": (float(square["C(problem)"]) - within) / k}


def needed_problems():
    result = []
    for difference, discordance in [(0.03, 0.1), (0.03, 0.3), (0.05, 0.2), (0.1, 0.1), (0.01, 0.02)]:
        a, b = stats.norm.ppf(0.975), stats.norm.ppf(0.8)
        n = (a * discordance**0.5 + b * (discordance - difference**2) ** 0.5) ** 2 / difference**2
        result.append({"difference": difference, "discordance": discordance, "problems": int(np.ceil(n))})
    return result


def main():
    made = {
        "madeBy": {"scipy": scipy.__version__, "statsmodels": statsmodels.__version__, "numpy": np.__version__},
        "wilson": wilson(),
        "mcnemar": mcnemar_exact(),
        "signFlip": sign_flip(),
        "holm": holm(),
        "bootstrap": bootstrap(),
        "scaling": scaling(),
        "passAtK": pass_at_k(),
        "majority": majority(),
        "variance": variance(),
        "neededProblems": needed_problems(),
    }
    file = Path(__file__).parent / "fixtures" / "numbers.json"
    file.write_text(json.dumps(made, separators=(",", ":")).replace('],"', '],\n"') + "\n")
    print(f"{file}: {file.stat().st_size} bytes")


main()
