"""2,000 pairs of answers that are the same or different by construction, each judged by math-verify too.

    python3 -m venv ~/.cache/second-thought/math-verify
    ~/.cache/second-thought/math-verify/bin/pip install 'math-verify[antlr4_13_2]==0.8.0'
    ~/.cache/second-thought/math-verify/bin/python test/unit/grade/mathVerify.py > test/unit/grade/mathVerifyPairs.jsonl

Takes some minutes; docs/grading.md has the table that mathVerify.test.ts makes of it.
"""

import json
import logging
import random
import sys

import sympy
from math_verify import parse, verify
from sympy import Integer, Rational, Symbol, latex, sqrt

draw = random.Random(1)
x, y, n = Symbol("x"), Symbol("y"), Symbol("n")


def whole(low=-60, high=60, besides=()):
    while True:
        value = draw.randint(low, high)
        if value not in besides:
            return value


def fraction():
    while True:
        value = Rational(whole(besides=(0,)), whole(2, 24))
        if value.q != 1:
            return value


def is_decimal(value):
    rest = value.q
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def decimal(value):
    text = format(float(value), ".10f").rstrip("0")
    return text + "0" if text.endswith(".") else text


def write_fraction(value):
    sign, top, bottom = ("-" if value < 0 else ""), abs(value.p), value.q
    factor = draw.choice([1, 1, 2, 3, 10])
    forms = [
        f"{sign}\\frac{{{top}}}{{{bottom}}}",
        f"{sign}\\dfrac{{{top * factor}}}{{{bottom * factor}}}",
        f"\\frac{{{sign}{top}}}{{{bottom}}}",
        f"{sign}{top}/{bottom}",
        f"{sign}\\tfrac{{{top}}}{{{bottom}}}",
    ]
    if top > bottom:
        forms.append(f"{sign}{top // bottom}\\frac{{{top % bottom}}}{{{bottom}}}")
    if top < 10 and bottom < 10:
        forms.append(f"{sign}\\frac{top}{bottom}".replace("frac", "frac", 1))
    if is_decimal(value):
        forms.append(decimal(value))
    return draw.choice(forms)


def write_whole(value):
    sign, size = ("-" if value < 0 else ""), abs(value)
    forms = [f"{value}", f"{value}.0", f"{value}", f"\\frac{{{2 * value}}}{{2}}"]
    if size >= 1000:
        forms += [f"{sign}{size:,}", f"{sign}{size:,}".replace(",", "{,}"), f"{sign}{size:,}".replace(",", "\\,")]
    return draw.choice(forms)


def near(value):
    """Another number, easily taken for this one."""
    value = Rational(value)
    others = [value + 1, value - 1, value * 10, -value, value / 10, value + Rational(1, 100), 2 * value]
    if value.q != 1:
        others += [Rational(value.q, value.p) if value.p else value + 3, value + Rational(1, value.q)]
    return draw.choice([other for other in others if other != value])


def write_number(value):
    value = Rational(value)
    return write_whole(int(value)) if value.q == 1 else write_fraction(value)


def numbers():
    value = draw.choice([Rational(whole()), Rational(whole(1000, 9_999_999)), fraction()])
    return write_number(value), write_number(value), write_number(near(value))


def powers():
    base, exponent = whole(2, 9), whole(2, 9)
    value = base**exponent
    other = draw.choice([value + 1, base * exponent if base * exponent != value else value + 2, base ** (exponent + 1)])
    return f"{base}^{{{exponent}}}", str(value), str(other)


def scientific():
    digits, power = whole(11, 99), whole(3, 8)
    value = digits * 10 ** (power - 1)
    return f"{digits / 10} \\times 10^{{{power}}}", f"{value:,}", str(value * 10)


def roots():
    outer, inner = whole(2, 9), draw.choice([2, 3, 5, 6, 7, 10])
    forms = [
        f"{outer}\\sqrt{{{inner}}}",
        f"\\sqrt{{{outer * outer * inner}}}",
        f"\\frac{{{outer * inner}}}{{\\sqrt{{{inner}}}}}",
        f"{outer}\\sqrt{inner}" if inner < 10 else f"{outer} \\sqrt{{{inner}}}",
        f"{outer}\\cdot {inner}^{{1/2}}",
    ]
    a, b = draw.sample(forms, 2)
    other = draw.choice([f"{outer}\\sqrt{{{inner + 1}}}", f"\\sqrt{{{outer * inner}}}", f"-{forms[0]}", f"{inner}\\sqrt{{{outer}}}"])
    return a, b, other if sympy.sqrt(outer) * inner != outer * sqrt(inner) else f"-{forms[0]}"


def surds():
    p, q, r = whole(-9, 9, (0,)), whole(1, 9), draw.choice([2, 3, 5, 7])
    d = whole(2, 6)
    sign = draw.choice("+-")
    root = f"{q}\\sqrt{{{r}}}" if q > 1 else f"\\sqrt{{{r}}}"
    a = f"\\frac{{{p}{sign}{root}}}{{{d}}}"
    b = draw.choice([f"\\frac{{{p}}}{{{d}}}{sign}\\frac{{{root}}}{{{d}}}", f"({p}{sign}{root})/{d}"])
    return a, b, f"{p}{sign}\\frac{{{root}}}{{{d}}}"


def pi_multiples():
    value = fraction()
    top = "" if abs(value.p) == 1 else abs(value.p)
    sign = "-" if value < 0 else ""
    a = f"{sign}\\frac{{{top}\\pi}}{{{value.q}}}"
    b = draw.choice([f"{sign}\\frac{{{abs(value.p)}}}{{{value.q}}}\\pi", f"{sign}{top}\\pi/{value.q}"])
    return a, b, draw.choice([write_fraction(value), f"{sign}\\frac{{{value.q}\\pi}}{{{abs(value.p)}}}", decimal(round(float(value) * 3.14159265, 4))])


def polynomials():
    roots_ = [whole(-7, 7) for _ in range(draw.choice([2, 2, 3]))]
    scale = whole(1, 4)
    factored = scale * sympy.prod([x - root for root in roots_])
    expanded = sympy.expand(factored)
    other = expanded + draw.choice([1, -1, x, -x, x**2])
    return latex(factored), latex(expanded), latex(sympy.expand(other))


def two_variables():
    a, b = whole(1, 5), whole(1, 5)
    factored = (a * x + b * y) ** 2
    expanded = sympy.expand(factored)
    return latex(factored), latex(expanded), latex(draw.choice([a**2 * x**2 + b**2 * y**2, expanded + y, sympy.expand((a * x - b * y) ** 2)]))


def quotients():
    a, b, c = whole(1, 6), whole(1, 6), whole(1, 6)
    split = Integer(a) / (x + b) + Integer(c) / x
    joined = sympy.factor(sympy.together(split))
    return latex(split), latex(joined), latex(Integer(a + c) / (2 * x + b))


def functions():
    k = whole(2, 5)
    pairs = [
        (f"\\sin({2 * k}x)", f"2\\sin({k}x)\\cos({k}x)", f"2\\sin({k}x)"),
        (f"\\cos^2 x + {k}", f"{k + 1}-\\sin^2 x", f"{k + 1}+\\sin^2 x"),
        (f"\\ln(x^{{{k}}})", f"{k}\\ln x", f"(\\ln x)^{{{k}}}"),
        (f"e^{{{k}x}}e^{{x}}", f"e^{{{k + 1}x}}", f"e^{{{k}x^2}}"),
        (f"\\log_{{{k}}} x", f"\\frac{{\\ln x}}{{\\ln {k}}}", f"\\frac{{\\ln {k}}}{{\\ln x}}"),
        (f"\\tan({k}x)", f"\\frac{{\\sin({k}x)}}{{\\cos({k}x)}}", f"\\frac{{\\cos({k}x)}}{{\\sin({k}x)}}"),
        (f"{k}^{{n+1}}", f"{k}\\cdot {k}^n", f"{k}^n+1"),
        (f"\\sqrt{{{k * k}x}}", f"{k}\\sqrt{{x}}", f"\\sqrt{{{k}x}}"),
        (f"\\frac{{n(n+{k})}}{{2}}", f"\\frac{{n^2+{k}n}}{{2}}", f"\\frac{{n^2+{k}}}{{2}}"),
        (f"\\binom{{{k + 3}}}{{{k}}}", str(sympy.binomial(k + 3, k)), str(sympy.binomial(k + 4, k))),
        (f"{k}!", str(sympy.factorial(k)), str(sympy.factorial(k) + 1)),
        (f"\\log_2 {2**k}", str(k), str(k + 1)),
    ]
    return draw.choice(pairs)


def complexes():
    a, b, c, d = (whole(-9, 9, (0,)) for _ in range(4))
    value = sympy.expand((a + b * sympy.I) * (c + d * sympy.I))
    sign = lambda number: f"{number:+d}i"
    re, im = sympy.re(value), sympy.im(value)
    joined = f"{re}{sign(int(im))}"
    a_text = draw.choice([f"({a}{sign(b)})({c}{sign(d)})", f"{int(im)}i{int(re):+d}"])
    return a_text, joined, draw.choice([f"{re}{sign(int(-im) + (im == 0))}", f"{re + 1}{sign(int(im))}"])


def items(count):
    return [draw.choice([Rational(whole()), fraction()]) for _ in range(count)]


def sets():
    values = list(dict.fromkeys(items(draw.randint(2, 4))))
    shuffled = draw.sample(values, len(values))
    write = lambda all_: "\\{" + draw.choice([",", ", "]).join(write_number(value) for value in all_) + "\\}"
    other = [*values[:-1], near(values[-1])] if draw.random() < 0.6 else values[:-1]
    return write(values), write(shuffled), write([value for value in other] or [Rational(1, 7)])


def tuples():
    values = items(draw.randint(2, 4))
    write = lambda all_: draw.choice(["({})", "\\left({}\\right)", "( {} )"]).format(", ".join(map(write_number, all_)))
    other = [*values[:-1], near(values[-1])] if draw.random() < 0.6 or values == values[::-1] else values[::-1]
    return write(values), write(values), write(other)


def lists():
    values = items(draw.randint(2, 4))
    write = lambda all_: draw.choice([", ", ",\\ ", ",\\, "]).join(map(write_number, all_))
    other = [*values[:-1], near(values[-1])] if draw.random() < 0.6 or values == values[::-1] else values[::-1]
    return write(values), write(values), write(other)


def intervals():
    low, high = sorted(draw.sample(range(-30, 30), 2))
    low, high = Rational(low, draw.choice([1, 1, 2])), Rational(high) + 40
    left, right = draw.choice("[("), draw.choice("])")
    end = "\\infty" if draw.random() < 0.2 else None
    write = lambda l, a, b, r: f"{l}{write_number(a)}, {end or write_number(b)}{')' if end else r}"
    a, b = write(left, low, high, right), write(left, low, high, right).replace("[", "\\left[").replace("(", "\\left(").replace("]", "\\right]").replace(")", "\\right)")
    flip = {"[": "(", "(": "["}
    return a, b, draw.choice([write(flip[left], low, high, right), write(left, near(low), high, right)])


def matrices():
    rows, columns = draw.choice([(2, 2), (2, 1), (3, 1), (1, 3)])
    values = [[whole(-9, 9) for _ in range(columns)] for _ in range(rows)]
    write = lambda kind, all_: f"\\begin{{{kind}}}" + draw.choice([" \\\\ ", "\\\\"]).join(" & ".join(map(str, row)) for row in all_) + f"\\end{{{kind}}}"
    other = [row[:] for row in values]
    other[-1][-1] += draw.choice([1, -1, 10])
    return write("pmatrix", values), write(draw.choice(["pmatrix", "bmatrix"]), values), write("pmatrix", other)


def equations():
    a, b, c = whole(1, 9), whole(1, 9), whole(-20, 20)
    k = whole(2, 4)
    first = f"{a}x+{b}y={c}"
    second = draw.choice([f"{b}y+{a}x={c}", f"{k * a}x+{k * b}y={k * c}", f"{a}x+{b}y-({c})=0", f"{c}={a}x+{b}y"])
    return first, second, draw.choice([f"{a}x-{b}y={c}", f"{a}x+{b}y={c + 1}", f"{a + 1}x+{b}y={c}"])


def assignments():
    value = draw.choice([Rational(whole()), fraction()])
    name = draw.choice(["x", "y", "n", "k", "t"])
    return f"{name}={write_number(value)}", draw.choice([write_number(value), f"{name} = {write_number(value)}"]), write_number(near(value))


def percents():
    value = whole(2, 99)
    return f"{value}\\%", draw.choice([f"{value}\\%", decimal(Rational(value, 100)), f"\\frac{{{value}}}{{100}}", f"{value}"]), draw.choice([f"{value + 1}\\%", decimal(Rational(value, 1000)), f"{value + 1}"])


def units():
    value = whole(2, 500)
    unit, other = draw.sample(["cm", "m", "km", "kg", "seconds", "hours", "miles"], 2)
    a = draw.choice([f"{value}\\text{{ {unit}}}", f"{value} \\mathrm{{{unit}}}", f"{value}\\,\\text{{{unit}}}"])
    return a, draw.choice([f"{value}", f"{value}\\text{{ {unit}}}"]), draw.choice([f"{value + 1}", f"{value}\\text{{ {other}}}"])


def texts():
    words = ["Evelyn", "Monday", "Tuesday", "even", "odd", "yes", "no", "true", "false", "circle", "ellipse", "hyperbola"]
    a, b = draw.sample(words, 2)
    return f"\\text{{{a}}}", draw.choice([a, f"\\text{{{a}}}", f"\\textbf{{{a}}}", a.lower()]), draw.choice([b, f"\\text{{{b}}}"])


def letters():
    a, b = draw.sample("ABCDE", 2)
    write = lambda letter: draw.choice([letter, f"({letter})", f"\\text{{{letter}}}", f"\\textbf{{({letter})}}"])
    return write(a), write(a), write(b)


def both_signs():
    a, r = whole(-9, 9, (0,)), draw.choice([2, 3, 5])
    return f"{a}\\pm\\sqrt{{{r}}}", f"{a}+\\sqrt{{{r}}}, {a}-\\sqrt{{{r}}}", draw.choice([f"{a}+\\sqrt{{{r}}}", f"{-a}\\pm\\sqrt{{{r}}}"])


kinds = {
    "number": (numbers, 4), "power": (powers, 1), "scientific": (scientific, 1), "root": (roots, 2), "surd": (surds, 2),
    "pi": (pi_multiples, 2), "polynomial": (polynomials, 3), "two variables": (two_variables, 2), "quotient": (quotients, 2),
    "function": (functions, 3), "complex": (complexes, 2), "set": (sets, 2), "tuple": (tuples, 2), "list": (lists, 2),
    "interval": (intervals, 2), "matrix": (matrices, 2), "equation": (equations, 2), "assignment": (assignments, 2),
    "percent": (percents, 2), "unit": (units, 2), "text": (texts, 1), "choice": (letters, 1), "both signs": (both_signs, 1),
}  # fmt: skip


def judged(given, wanted):
    try:
        return bool(verify(parse(f"${wanted}$"), parse(f"${given}$")))
    except Exception:  # it promises not to; then it accepts nothing
        return False


def main():
    logging.disable(logging.CRITICAL)
    names = [name for name, (_, weight) in kinds.items() for _ in range(weight)]
    seen = set()
    while len(seen) < 2000:
        kind = names[len(seen) % len(names)]
        a, b, other = kinds[kind][0]()
        is_same = draw.random() < 0.5
        given, wanted = (a, b) if is_same else draw.choice([(a, other), (other, a)])
        if draw.random() < 0.5 and is_same:
            given, wanted = wanted, given
        if kind == "percent" and is_same and given == wanted.rstrip("%").rstrip("\\") != wanted:
            given, wanted = wanted, given  # a bare number for a percentage is a matter of the rules
        if (given, wanted) in seen:
            continue
        seen.add((given, wanted))
        print(json.dumps({"kind": kind, "given": given, "wanted": wanted, "isSame": is_same, "mathVerify": judged(given, wanted)}))
        sys.stdout.flush()


main()
