"""The transformer: Qwen2 in its smallest form (RMSNorm, rotary positions, biased q/k/v, SwiGLU, tied embedding)."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Keys and values of one layer: two tensors [batch, heads, slots, head width].
LayerCache = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Config:
    vocabulary: int
    width: int = 128
    layers: int = 4
    heads: int = 4
    head_width: int = 32
    hidden: int = 352
    theta: float = 10_000.0
    epsilon: float = 1e-6
    context: int = 1024

    def as_dict(self) -> dict:
        return asdict(self)


class RmsNorm(nn.Module):
    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, (x.shape[-1],), self.weight, self.epsilon)


def rotary(config: Config, positions: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the positions, each [..., head width]."""
    inverse = config.theta ** (-torch.arange(0, config.head_width, 2).float() / config.head_width)
    angles = positions[..., None].float() * inverse
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    low, high = x.float().chunk(2, -1)
    return x * cos + torch.cat([-high, low], -1) * sin


class Block(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        inner = config.heads * config.head_width
        self.attention_norm = RmsNorm(config.width, config.epsilon)
        self.mlp_norm = RmsNorm(config.width, config.epsilon)
        self.qkv = nn.Linear(config.width, 3 * inner)
        self.attention_out = nn.Linear(inner, config.width, bias=False)
        self.gate_up = nn.Linear(config.width, 2 * config.hidden, bias=False)
        self.down = nn.Linear(config.hidden, config.width, bias=False)

    def heads(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        shape = (*x.shape[:2], 3, self.config.heads, self.config.head_width)
        query, key, value = self.qkv(self.attention_norm(x)).view(shape).transpose(1, 3).unbind(2)
        return rotate(query, cos, sin), rotate(key, cos, sin), value.float()

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        x = x + self.attention_out(attended.transpose(1, 2).reshape(*x.shape[:2], -1).to(x.dtype))
        gate, up = self.gate_up(self.mlp_norm(x)).chunk(2, -1)
        return x + self.down(functional.silu(gate) * up)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        query, key, value = self.heads(x, cos, sin)
        return self.finish(x, functional.scaled_dot_product_attention(query, key, value, is_causal=True))

    def step(self, x: Tensor, cos: Tensor, sin: Tensor, cache: LayerCache, slots: Tensor, mask: Tensor) -> Tensor:
        query, key, value = self.heads(x, cos, sin)
        keys, values = cache
        rows = torch.arange(x.shape[0])[:, None]
        keys[rows, :, slots] = key.transpose(1, 2)
        values[rows, :, slots] = value.transpose(1, 2)
        keys, values = keys[:, :, : mask.shape[-1]], values[:, :, : mask.shape[-1]]
        attended = functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask)
        return self.finish(x, attended)


class Network(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = RmsNorm(config.width, config.epsilon)
        for name, parameter in self.named_parameters():
            self._initialise(name, parameter)

    def _initialise(self, name: str, parameter: nn.Parameter) -> None:
        if parameter.dim() < 2:
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            return
        residual = name.endswith(("attention_out.weight", "down.weight"))
        scale = 1 / math.sqrt(2 * self.config.layers) if residual else 1.0
        nn.init.normal_(parameter, std=0.05 if "embedding" in name else scale / math.sqrt(parameter.shape[1]))

    def forward(self, ids: Tensor) -> Tensor:
        """Final hidden states of whole sequences."""
        cos, sin = rotary(self.config, torch.arange(ids.shape[1]))
        x = self.embedding(ids)
        for block in self.blocks:
            x = block(x, cos, sin)
        return self.norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        return hidden @ self.embedding.weight.T

    def new_cache(self, batch: int, slots: int) -> list[LayerCache]:
        shape = (batch, self.config.heads, slots, self.config.head_width)
        return [(torch.zeros(shape), torch.zeros(shape)) for _ in self.blocks]

    def step(self, ids: Tensor, slots: Tensor, cache: list[LayerCache]) -> Tensor:
        """Logits for `ids` placed at `slots` (both [batch, length]), with everything before them in the cache."""
        cos, sin = (part[:, None] for part in rotary(self.config, slots))
        mask = torch.arange(int(slots.max()) + 1)[None, None, None] <= slots[:, None, :, None]
        x = self.embedding(ids)
        for block, layer in zip(self.blocks, cache, strict=True):
            x = block.step(x, cos, sin, layer, slots, mask)
        return self.logits(self.norm(x))
