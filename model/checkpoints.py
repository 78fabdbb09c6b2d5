"""Reads weights: of a checkpoint, or of an exported Hugging Face folder."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from export import LAYER_NAMES
from network import Config, Network
from safetensors.torch import load_file
from torch import Tensor


def read_hugging_face(folder: Path) -> tuple[Config, dict[str, Tensor]]:
    """The opposite of `export.named_tensors`: the matrices that training keeps stacked are put together again."""
    described = json.loads((folder / "config.json").read_text())
    tensors = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
    weights = {"embedding.weight": tensors["model.embed_tokens.weight"], "norm.weight": tensors["model.norm.weight"]}
    for layer in range(described["num_hidden_layers"]):
        own = {name: tensors[f"model.layers.{layer}.{name}"] for name in LAYER_NAMES}
        parts = {
            "attention_norm.weight": own["input_layernorm.weight"],
            "mlp_norm.weight": own["post_attention_layernorm.weight"],
            "attention_out.weight": own["self_attn.o_proj.weight"],
            "gate_up.weight": torch.cat([own["mlp.gate_proj.weight"], own["mlp.up_proj.weight"]]),
            "down.weight": own["mlp.down_proj.weight"],
        }
        for kind in ("weight", "bias"):
            parts[f"qkv.{kind}"] = torch.cat([own[f"self_attn.{letter}_proj.{kind}"] for letter in "qkv"])
        weights |= {f"blocks.{layer}.{name}": tensor for name, tensor in parts.items()}
    return Config(described["vocab_size"]), weights


def read_weights(path: Path) -> tuple[Config, dict[str, Tensor]]:
    """Shape and single-precision weights."""
    if path.is_dir():
        return read_hugging_face(path)
    state = torch.load(path)
    return Config(**state["config"]), state["weights"] if "weights" in state else state["optimizer"]["weights"]


def load_network(path: Path) -> Network:
    config, weights = read_weights(path)
    network = Network(config)
    network.load_state_dict(weights)
    return network.eval()
