"""Muon for the matrices, AdamW for everything else, on single-precision masters of half-precision weights."""

from __future__ import annotations

import torch
from network import Network
from torch import Tensor

MUON_RATE = 0.02
ADAM_RATE = 0.004
WEIGHT_DECAY = 0.02
MOMENTUM = 0.95

#: Matrices that are several stacked ones, orthogonalised one by one.
STACKED = {"qkv.weight": 3, "gate_up.weight": 2}


def orthogonalise(matrices: Tensor) -> Tensor:
    """Five Newton-Schulz steps towards the nearest orthogonal matrices [count, rows, columns]."""
    x = matrices.bfloat16() / (matrices.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return (x.mT if tall else x).float()


class Optimizer:
    def __init__(self, network: Network) -> None:
        self.weights = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
        self.matrices = [name for name, weight in self.weights.items() if weight.dim() == 2 and "embedding" not in name]
        self.others = [name for name in self.weights if name not in self.matrices]
        self.momentum = {name: torch.zeros_like(self.weights[name]) for name in self.matrices}
        self.adam = torch.optim.AdamW(
            [self.weights[name] for name in self.others], lr=ADAM_RATE, betas=(0.9, 0.98), weight_decay=0.0
        )

    @torch.no_grad()
    def step(self, gradients: dict[str, Tensor], factor: float) -> None:
        for name in self.matrices:
            self._muon(name, gradients[name], MUON_RATE * factor)
        for name in self.others:
            self.weights[name].grad = gradients[name]
        torch.nn.utils.clip_grad_norm_([self.weights[name] for name in self.others], 1.0)
        self.adam.param_groups[0]["lr"] = ADAM_RATE * factor
        self.adam.step()

    def _muon(self, name: str, gradient: Tensor, rate: float) -> None:
        momentum = self.momentum[name].lerp_(gradient, 1 - MOMENTUM)
        update = gradient.lerp(momentum, MOMENTUM)
        stacked = next((count for ending, count in STACKED.items() if name.endswith(ending)), 1)
        parts = update.view(stacked, -1, update.shape[1])
        scale = max(1.0, parts.shape[1] / parts.shape[2]) ** 0.5
        self.weights[name].mul_(1 - rate * WEIGHT_DECAY)
        self.weights[name].add_(orthogonalise(parts).reshape(update.shape), alpha=-rate * scale)

    @torch.no_grad()
    def copy_to(self, network: Network) -> None:
        for name, parameter in network.named_parameters():
            parameter.copy_(self.weights[name])

    def state(self) -> dict:
        return {"weights": self.weights, "momentum": self.momentum, "adam": self.adam.state_dict()}

    @torch.no_grad()
    def load_state(self, state: dict) -> None:
        for name, weight in state["weights"].items():
            self.weights[name].copy_(weight)
        for name, momentum in state["momentum"].items():
            self.momentum[name].copy_(momentum)
        self.adam.load_state_dict(state["adam"])
