"""Measures thinking of a size that was asked for: "Think for up to N tokens." and "Think for up to N steps."."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from checkpoints import load_network
from evaluate_dev import DEV, percent, read_problems
from generate import Sampler, boxed
from tokenizer import ANSWER_OPEN, START, THINK_OPEN, Codec, chat_prompt

SETTINGS = {"tokens": (16, 32, 64, 128, 256), "steps": (1, 2, 4, 8)}
LIMIT = 700


@torch.no_grad()
def complete(sampler: Sampler, prompts: list[list[int]]) -> list[list[int]]:
    """What the model writes after each prompt, up to the end of its turn."""
    written: list[list[int]] = [[] for _ in prompts]
    logits, cache = sampler.prefill(prompts, max(map(len, prompts)) + LIMIT)
    open_rows = set(range(len(prompts)))
    for place in range(LIMIT):
        tokens = [sampler.choose(row) for row in logits]
        for row in sorted(open_rows):
            written[row].append(tokens[row])
            if tokens[row] in (sampler.codec.end, sampler.codec.pad):
                open_rows.remove(row)
        if not open_rows:
            break
        places = torch.tensor([[len(prompt) + place] for prompt in prompts])
        logits = sampler.network.step(torch.tensor(tokens)[:, None], places, cache)[:, -1]
    return written


def measure(sampler: Sampler, problems: list[dict], unit: str, number: int) -> list[str]:
    """Accuracy, mean size of the thinking, and how often it kept to what was asked."""
    opening = THINK_OPEN if unit == "tokens" else START
    prompts = [
        sampler.codec.encode(chat_prompt(f"{each['question']}\n\nThink for up to {number} {unit}.") + opening)
        for each in problems
    ]
    right, sizes = [], []
    for ids, problem in zip(complete(sampler, prompts), problems, strict=True):
        text = sampler.codec.decode(ids)
        thinking = text.split(ANSWER_OPEN)[0]
        sizes.append(len(sampler.codec.encode(thinking)) if unit == "tokens" else thinking.count(" steps left"))
        right.append(str(boxed(text)) == problem["answer"])
    kept = percent([size <= number for size in sizes])
    return [f"{number} {unit}", str(percent(right)), f"{sum(sizes) / len(sizes):.1f}", str(kept)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--per-family", type=int, default=30)
    options = parser.parse_args()
    torch.set_num_threads(1)
    sampler, problems = Sampler(load_network(options.checkpoint), Codec()), read_problems(DEV, options.per_family)
    print("| asked for | accuracy % | mean size | within what was asked % |\n|---|---|---|---|")
    for unit, numbers in SETTINGS.items():
        for number in numbers:
            print(f"| {' | '.join(measure(sampler, problems, unit, number))} |", flush=True)


if __name__ == "__main__":
    main()
