"""Batched greedy decoding with budget forcing by ids, used to choose weights on the dev problems.

One long run with `extensions` forced cues contains every shorter one as a prefix: the run with n cues ends where the
n-th cue would have been put in. So the answers for every number of cues and every cap are read off the one run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import torch
from network import LayerCache, Network
from tokenizer import ANSWER_CUE, ANSWER_OPEN, THINK_OPEN, Codec, chat_prompt
from torch import Tensor

ANSWER_LIMIT = 16


@dataclass
class Run:
    """One problem's thinking: all ids, where thinking starts, and where the model wanted to stop each time."""

    ids: list[int]
    start: int
    ends: list[int] = field(default_factory=list)
    queue: list[int] = field(default_factory=list)
    done: bool = False

    def thinking(self, end: int) -> int:
        return end - self.start


class Sampler:
    def __init__(self, network: Network, codec: Codec, limit: int = 1000, temperature: float = 0.0) -> None:
        self.network, self.codec, self.limit, self.temperature = network, codec, limit, temperature
        self.random = torch.Generator().manual_seed(0)

    def choose(self, row: Tensor) -> int:
        """The next token: the likeliest, or a sample."""
        if not self.temperature:
            return int(row.argmax())
        return int(torch.multinomial((row / self.temperature).softmax(-1), 1, generator=self.random))

    @torch.no_grad()
    def prefill(self, sequences: list[list[int]], slots: int) -> tuple[Tensor, list[LayerCache]]:
        """Logits after each sequence and the cache they left."""
        longest = max(map(len, sequences))
        ids = torch.tensor([sequence + [self.codec.pad] * (longest - len(sequence)) for sequence in sequences])
        places = torch.arange(longest).expand(len(sequences), longest).contiguous()
        cache = self.network.new_cache(len(sequences), slots)
        logits = self.network.step(ids, places, cache)
        last = torch.tensor([len(sequence) - 1 for sequence in sequences])
        return logits[torch.arange(len(sequences)), last], cache

    @torch.no_grad()
    def think(self, questions: list[str], extensions: int, cue: str) -> list[Run]:
        """Thinks with every stop replaced by the cue (or banned, if it is empty), `extensions` times."""
        prompts = [self.codec.encode(chat_prompt(each)) + self.codec.encode(THINK_OPEN) for each in questions]
        runs = [Run(list(prompt), len(prompt)) for prompt in prompts]
        logits, cache = self.prefill(prompts, self.limit + 1)
        active = runs
        while True:
            for run, row in zip(active, logits, strict=True):
                self._extend(run, row, extensions, cue)
            keep = [index for index, run in enumerate(active) if not run.done]
            if not keep:
                return runs
            if len(keep) < 0.8 * len(active):
                rows = torch.tensor(keep)
                cache = [(keys[rows], values[rows]) for keys, values in cache]
                active = [active[index] for index in keep]
            ids = torch.tensor([[run.ids[-1]] for run in active])
            places = torch.tensor([[len(run.ids) - 1] for run in active])
            logits = self.network.step(ids, places, cache)[:, -1]

    def _extend(self, run: Run, row: Tensor, extensions: int, cue: str) -> None:
        """Adds one token: of the cue that is being put in, or the model's."""
        if run.done:
            return
        if run.queue:
            run.ids.append(run.queue.pop(0))
            return
        token = self.choose(row)
        if token in self.codec.stops:
            run.ends.append(len(run.ids))
            if len(run.ends) > extensions:
                run.done = True
                return
            if cue:
                token, *run.queue = self.codec.encode(cue)
            else:
                token = self.choose(row.index_fill(0, torch.tensor(self.codec.stops), -1e9))
        run.ids.append(token)
        run.done = len(run.ids) >= self.limit

    @torch.no_grad()
    def answers(self, prefixes: list[list[int]], batch: int = 200) -> list[int | None]:
        """The answers after prefixes that end in (a part of) the opening of the answer."""
        found: list[int | None] = [None] * len(prefixes)
        order = sorted(range(len(prefixes)), key=lambda index: len(prefixes[index]))
        for first in range(0, len(order), batch):
            chosen = order[first : first + batch]
            for index, text in zip(chosen, self._finish([prefixes[index] for index in chosen]), strict=True):
                found[index] = boxed(text)
        return found

    def _finish(self, prefixes: list[list[int]]) -> list[str]:
        slots = max(map(len, prefixes)) + ANSWER_LIMIT
        logits, cache = self.prefill(prefixes, slots)
        written = torch.empty(len(prefixes), 0, dtype=torch.long)
        lengths = torch.tensor([len(prefix) for prefix in prefixes])
        for place in range(ANSWER_LIMIT):
            token = logits.argmax(-1, keepdim=True)
            written = torch.cat([written, token], 1)
            if bool((written == self.codec.end).any(1).all()):
                break
            logits = self.network.step(token, (lengths + place)[:, None], cache)[:, -1]
        return [self.codec.decode(row) for row in written.tolist()]

    def opening(self, thinking: list[int], capped: bool) -> list[int]:
        """What the engine puts after the thinking: by the model's choice, or at the cap."""
        if not capped:
            return self.codec.encode(ANSWER_OPEN)
        newline = self.codec.encode("\n")
        return ([] if thinking[-1:] == newline else newline) + self.codec.encode(ANSWER_CUE)


def boxed(text: str) -> int | None:
    """The number in the box, if there is exactly what the dialect asks for."""
    found = re.search(r" The final answer is \$\\boxed\{(\d+)\}\$<\|im_end\|>", text)
    return int(found.group(1)) if found else None


@dataclass
class Measured:
    """Answers and thinking tokens of all problems under one setting."""

    answers: list[int | None]
    thinking: list[int]


def sweep(
    sampler: Sampler, questions: list[str], cue: str, counts: list[int], caps: list[int]
) -> tuple[dict[str, Measured], list[Run]]:
    """Every number of cues in `counts`, and every cap on the natural run, from one run per question."""
    runs = sampler.think(questions, max(counts), cue)
    jobs: dict[str, list[tuple[int, bool]]] = {}
    for run in runs:
        run.ends = run.ends or [len(run.ids)]
        for count in counts:
            jobs.setdefault(f"cues {count}", []).append((run.ends[min(count, len(run.ends) - 1)], False))
        for cap in caps:
            capped = run.thinking(run.ends[0]) > cap
            end = run.start + cap if capped else run.ends[0]
            jobs.setdefault(f"cap {cap}", []).append((end, capped))
    measured = {}
    for name, ends in jobs.items():
        prefixes = [
            run.ids[:end] + sampler.opening(run.ids[run.start : end], capped)
            for run, (end, capped) in zip(runs, ends, strict=True)
        ]
        thinking = [run.thinking(end) for run, (end, _) in zip(runs, ends, strict=True)]
        measured[name] = Measured(sampler.answers(prefixes), thinking)
    return measured, runs
