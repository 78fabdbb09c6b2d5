"""Vectors for the preset s1-harness: what the released evaluation, read independently of src/core/grade/harness.ts from
its description (s1, eval/lm-evaluation-harness, tasks aime / openai_math / gpqa), extracts and whether it counts it.

    python3 test/unit/grade/harnessVectors.py > test/unit/grade/harnessVectors.json
"""

import itertools
import json
import random
import re


def answer_part(text):
    mark = "<|im_start|>answer\n"
    if mark in text:
        return text.split(mark)[-1]
    if "<|im_start|>" in text:
        tail = text.split("<|im_start|>")[-1]
        lines = tail.split("\n", 1)
        return lines[1] if len(lines) == 2 else tail
    return text


def find_box(text):
    """Substring of the last box, None without one."""
    if "\\boxed " in text:
        return "\\boxed " + text.split("\\boxed ")[-1].split("$")[0]
    start = text.rfind("\\boxed")
    if start < 0:
        start = text.rfind("\\fbox")
    if start < 0:
        return None
    open_braces = 0
    for at, character in enumerate(text[start:], start):
        if character == "{":
            open_braces += 1
        elif character == "}":
            open_braces -= 1
            if open_braces == 0:
                return text[start : at + 1]
    return None


def unwrap(box):
    if "\\boxed " in box:
        assert box.startswith("\\boxed ")
        return box[len("\\boxed ") :]
    assert box.startswith("\\boxed{")
    assert box.endswith("}")
    return box[len("\\boxed{") : -1]


def extract(text):
    part = answer_part(text)
    box = find_box(part)
    if box is not None:
        return unwrap(box)
    labels = re.findall(r"(?i)Answer\s*:\s*(.*)", part, re.DOTALL)
    return labels[-1] if labels else part


def number(text, truth):
    truth = str(int(truth)) if truth.isdigit() else truth
    answer = extract(text)
    if answer.isdigit() and truth.isdigit():
        answer = str(int(answer))
    return answer, answer == truth


def letter(text, truth):
    answer = extract(text)
    if answer in ("a", "b", "c", "d"):
        answer = answer.upper()
    if answer not in ("A", "B", "C", "D"):
        answer = "A"
    return answer, answer == truth


bodies = [
    "\\boxed{023}", "\\boxed{23}", "so \\boxed{1} or \\boxed{23}", "\\boxed{\\frac{1}{2}}", "\\boxed 23$ and", "\\boxed 23",
    "$\\boxed 4$ then \\boxed{23}", "\\boxed{23", "\\boxed{2{3}", "\\boxed", "\\boxed5", "\\boxed5 and {x}", "\\fbox{23}",
    "\\fbox 23", "\\fbox{23} and \\boxed{23}", "\\boxed{}", "\\boxed{ 23 }", "Answer: 23", "answer :23", "ANSWER:\n23",
    "Answer: 1\nAnswer: 23", "**Answer**: 23", "**Final Answer:** 23", "Final Answer: 23.", "Answer: 23\n",
    "The answer is 23", "23", " 23", "023", "0", "000", "", "Answer:", "Answer : $\\boxed{23}$", "\\boxed{\\{1,2\\}}",
    "\\boxed} {23}", "\\boxed}{23}", "B", "b", "(B)", "\\boxed{B}", "\\boxed{b}", "\\boxed{(B)}", "\\boxed{\\text{B}}",
    "Answer: B", "Answer: b", "Answer: E", "Answer: B.", "Answer: A", "Final Answer: The final answer is $\\boxed{B}$",
]  # fmt: skip
frames = [
    "{}",
    "<|im_start|>think\nhm \\boxed{{7}}\n<|im_start|>answer\n{}",
    "<|im_start|>think\nAnswer: 7 {}",
    "<|im_start|>answer\nno<|im_start|>answer\n{}",
    "<|im_start|>{}",
    "a<|im_start|>assistant\nb\n{}",
]
pieces = ["\\boxed", "\\boxed ", "\\boxed{", "\\fbox{", "{", "}", "$", "Answer", ":", " ", "\n", "23", "023", "B", "b",
          "<|im_start|>", "<|im_start|>answer\n", "x"]  # fmt: skip


def responses():
    for frame, body in itertools.product(frames, bodies):
        yield frame.format(body)
    draw = random.Random(0)
    for _ in range(400):
        yield "".join(draw.choice(pieces) for _ in range(draw.randint(1, 9)))


def outcome(grade, text, truth):
    try:
        extracted, is_correct = grade(text, truth)
        return {"extracted": extracted, "isCorrect": is_correct}
    except AssertionError:
        return {"crash": True}


rows = [
    {"response": text, "number": outcome(number, text, "023"), "letter": outcome(letter, text, "B")}
    for text in dict.fromkeys(responses())
]
print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")
