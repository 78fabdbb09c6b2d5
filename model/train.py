"""Trains the tiny model on generated traces; the same command gives the same weights on the same kind of machine.

Run with `torchrun --nproc-per-node 2`: each process uses one thread, draws its own stream of batches from
(seed, rank, chunk), and the gradients are averaged with gloo. Sums of two addends do not depend on their order, and
nothing depends on wall time. Checkpoints resume to the same weights.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist
from checkpoints import read_weights
from graded_traces import make_graded_trace
from network import Config, Network
from optimizer import Optimizer
from prm_traces import make_prm_trace
from tokenizer import Codec, padded_size
from torch import Tensor
from torch.nn import functional
from traces import Trace, make_trace

IGNORED = -100
CHUNK = 768  # traces that are sorted by length together

#: What a training can be about: the first stage, the graded families, the reward model.
MAKERS: dict[str, Callable[..., Trace]] = {
    "first": make_trace,
    "graded": make_graded_trace,
    "prm": make_prm_trace,
}


@dataclass
class Batch:
    ids: Tensor
    targets: Tensor  # what follows each id; IGNORED where nothing is learned
    checks: Tensor  # place of the verdict (0 good, 1 bad) on what stands so far; IGNORED where there is none
    tokens: int


class Stream:
    """The batches of one process: every chunk comes from its own seed, so a stream can start anywhere."""

    def __init__(self, codec: Codec, options: argparse.Namespace, rank: int, position: tuple[int, int]) -> None:
        self.codec, self.seed, self.rank, self.tokens_per_batch = codec, options.seed, rank, options.batch
        self.make = MAKERS[options.traces]
        if options.rollouts:
            self.make = partial(self.make, rollouts=options.rollouts)
        self.chunk, self.index = position

    def __iter__(self) -> Iterator[Batch]:
        while True:
            batches = self._batches(self.chunk)
            while self.index < len(batches):
                self.index += 1
                yield self._pad(batches[self.index - 1])
            self.chunk, self.index = self.chunk + 1, 0

    def _batches(self, chunk: int) -> list[list[Trace]]:
        rng = random.Random(f"{self.seed}/{self.rank}/{chunk}")
        traces = sorted((self.make(self.codec, rng) for _ in range(CHUNK)), key=lambda trace: len(trace.ids))
        batches: list[list[Trace]] = [[]]
        for trace in traces:
            if batches[-1] and (len(batches[-1]) + 1) * len(trace.ids) > self.tokens_per_batch:
                batches.append([])
            batches[-1].append(trace)
        rng.shuffle(batches)
        return batches

    def _pad(self, traces: list[Trace]) -> Batch:
        longest = max(len(trace.ids) for trace in traces)
        ids = torch.full((len(traces), longest), self.codec.pad)
        targets = torch.full((len(traces), longest), IGNORED)
        checks = torch.full((len(traces), longest), IGNORED)
        for row, trace in enumerate(traces):
            ids[row, : len(trace.ids)] = torch.tensor(trace.ids)
            targets[row, : len(trace.ids)] = torch.tensor(trace.targets(IGNORED))
            for place, good in trace.checks.items():
                checks[row, place] = 0 if good else 1
        return Batch(ids, targets, checks, sum(len(trace.ids) for trace in traces))


def rate(step: int, steps: int, warmup: int = 40, decay: float = 0.35) -> float:
    """Factor of the learning rate: warm-up, constant, then linear to (almost) zero over the last `decay`."""
    warm = min(1.0, (step + 1) / warmup)
    return warm * min(1.0, max(0.01, (steps - step) / (decay * steps)))


def losses_of(network: Network, batch: Batch, verdicts: Tensor) -> Tensor:
    """Mean cross-entropy of the text, of the verdicts at tags, and of those at numbers; 0 where there are none."""
    hidden = network(batch.ids[:, :-1])
    targets, checks = batch.targets[:, :-1], batch.checks[:, :-1]
    chosen, checked = targets != IGNORED, checks != IGNORED
    targets = targets[chosen]
    losses = functional.cross_entropy(network.logits(hidden[chosen]).float(), targets, reduction="none")
    judged = torch.isin(targets, verdicts)
    parts = [losses[~judged], losses[judged]]
    if checked.any():
        between = network.logits(hidden[checked]).float()[:, verdicts]
        parts.append(functional.cross_entropy(between, checks[checked], reduction="none"))
    else:
        parts.append(losses[:0])
    return torch.stack([part.mean() if len(part) else losses.sum() * 0 for part in parts])


def average_gradients(network: Network) -> dict[str, Tensor]:
    """The gradients averaged over the processes, in single precision; clears those of the network."""
    parameters = dict(network.named_parameters())
    flat = torch.cat([parameter.grad.flatten() for parameter in parameters.values()]).float()
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    sizes = [parameter.numel() for parameter in parameters.values()]
    gradients = {}
    for (name, parameter), part in zip(parameters.items(), flat.split(sizes), strict=True):
        gradients[name] = part.view_as(parameter)
        parameter.grad = None
    return gradients


def digest(weights: dict[str, Tensor]) -> str:
    """SHA-256 over all weights."""
    state = hashlib.sha256()
    for name in sorted(weights):
        state.update(name.encode() + weights[name].contiguous().numpy().tobytes())
    return state.hexdigest()


@dataclass
class Progress:
    step: int
    tokens: int
    positions: list[tuple[int, int]]


def gather(values: list[int]) -> list[list[int]]:
    """The values of every process."""
    own = torch.tensor(values)
    parts = [torch.empty_like(own) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, own)
    return [part.tolist() for part in parts]


class Training:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.rank = dist.get_rank()
        self.codec = Codec()
        torch.manual_seed(options.seed)
        self.network = Network(Config(padded_size(self.codec.size)))
        if options.weights:
            self.network.load_state_dict(read_weights(options.weights)[1])
        self.optimizer = Optimizer(self.network)
        self.progress = Progress(0, 0, [(0, 0)] * dist.get_world_size())
        self.network.bfloat16()
        if options.resume and self.last_checkpoint.exists():
            self.load()

    @property
    def last_checkpoint(self) -> Path:
        return self.options.out / "last.pt"

    def load(self) -> None:
        state = torch.load(self.last_checkpoint)
        if state["seed"] != self.options.seed or state["batch"] != self.options.batch:
            raise SystemExit("The checkpoint was made with another --seed or --batch.")
        if state["steps"] != self.options.steps and rate(state["step"], self.options.steps) < 1:
            raise SystemExit("The learning rate would already have fallen at this checkpoint: keep --steps.")
        self.optimizer.load_state(state["optimizer"])
        self.optimizer.copy_to(self.network)
        self.progress = Progress(state["step"], state["tokens"], state["positions"])

    def save(self) -> None:
        common = {"config": self.network.config.as_dict(), "step": self.progress.step, "tokens": self.progress.tokens}
        common |= {"seed": self.options.seed, "batch": self.options.batch, "steps": self.options.steps}
        common |= {"traces": self.options.traces, "rate": self.options.rate}
        pending = self.last_checkpoint.with_suffix(".tmp")
        torch.save(common | {"positions": self.progress.positions, "optimizer": self.optimizer.state()}, pending)
        pending.replace(self.last_checkpoint)
        torch.save(common | {"weights": self.optimizer.weights}, self.options.out / f"step-{self.progress.step:05d}.pt")

    def run(self) -> None:
        stream = Stream(self.codec, self.options, self.rank, self.progress.positions[self.rank])
        began, first, losses, tokens = time.time(), self.progress.tokens, [], 0
        verdicts = torch.tensor([self.codec.good, self.codec.bad])
        for batch in stream:
            if self.progress.step >= self.options.stop_at:
                break
            parts = losses_of(self.network, batch, verdicts)
            parts.sum().backward()
            factor = self.options.rate * rate(self.progress.step, self.options.steps)
            self.optimizer.step(average_gradients(self.network), factor)
            self.optimizer.copy_to(self.network)
            losses.append(parts.tolist())
            tokens += batch.tokens
            self.progress.step += 1
            due = self.progress.step % self.options.save_every == 0 or self.progress.step == self.options.stop_at
            if self.progress.step % 50 == 0 or due:
                reports = gather([stream.chunk, stream.index, tokens])
                self.progress.positions = [(chunk, index) for chunk, index, _ in reports]
                self.progress.tokens += sum(report[2] for report in reports)
                speed = (self.progress.tokens - first) / (time.time() - began)
                self.report([sum(each) / len(losses) for each in zip(*losses, strict=True)], factor, speed)
                losses, tokens = [], 0
            if due and self.rank == 0:
                self.save()

    def report(self, losses: list[float], factor: float, speed: float) -> None:
        if self.rank == 0:
            line = {"step": self.progress.step, "tokens": self.progress.tokens, "loss": round(losses[0], 4)}
            line |= {"verdictLoss": round(losses[1], 4), "checkLoss": round(losses[2], 4)} if losses[1] else {}
            line |= {"rate": round(factor, 3), "tokensPerSecond": round(speed)}
            print(json.dumps(line), flush=True)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoints")
    parser.add_argument("--steps", type=int, default=7000, help="length of the schedule")
    parser.add_argument("--stop-at", type=int, help="stop after this step of the schedule (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--traces", choices=list(MAKERS), default="first", help="what to train on")
    parser.add_argument("--weights", type=Path, help="checkpoint or Hugging Face folder to start from (default: random weights)")
    parser.add_argument("--rollouts", type=Path, help="runs of the policy that the reward model learns from")
    parser.add_argument("--rate", type=float, default=1.0, help="factor of the learning rates")
    parser.add_argument("--batch", type=int, default=3400, help="padded tokens per process and step")
    parser.add_argument("--save-every", type=int, default=200)
    parser.add_argument("--resume", action="store_true", help="go on from OUT/last.pt if there is one")
    options = parser.parse_args()
    options.stop_at = options.stop_at or options.steps
    return options


def main() -> None:
    options = parse_options()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    dist.init_process_group("gloo")
    training = Training(options)
    training.run()
    if training.rank == 0:
        print(json.dumps({"done": training.progress.step, "weights": digest(training.optimizer.weights)}), flush=True)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
