"""Checks exported files: tokenisation piece by piece, the GGUF token table, and that both hold the same weights."""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import gguf
import numpy as np
import torch
from evaluate_dev import DEV, read_problems
from export import NAME, named_tensors, token_table
from graded_traces import make_graded_trace
from network import Config
from prm_traces import make_prm_trace
from safetensors.torch import load_file
from tokenizer import ANSWER_CUE, ANSWER_OPEN, THINK_OPEN, Codec, chat_prompt
from tokenizers import Tokenizer
from traces import make_trace

Tensors = dict[str, torch.Tensor]

CUES = ("Wait", "Hmm", "Alternatively", "Let me think again")


def check_pieces(codec: Codec) -> None:
    """The pieces the engine tokenises one by one give the ids of the whole."""
    for problem in read_problems(DEV, per_family=50):
        pieces = [chat_prompt(problem["question"]), THINK_OPEN, "\n", "Quick guess => 2\n"]
        for cue in CUES:
            pieces += [cue, ", in halves: raspb1 erry2 => 2", "\n"]
        answer = "\nFinal Answer: The final answer is $\\boxed{3}$"
        for ending in (["\n" + ANSWER_CUE], [ANSWER_CUE], ["\n", ANSWER_CUE], [ANSWER_OPEN, answer]):
            parts = [*pieces, *ending]
            joined = [token for part in parts for token in codec.encode(part)]
            if joined != codec.tokenizer.encode("".join(parts), add_special_tokens=False).ids:
                raise SystemExit(f"Tokenising piece by piece differs for {problem['id']}.")


def joined_commas(codec: Codec, ids: list[int]) -> list[int]:
    """Comma and space as one token: they are two after a cue like "Wait,", where the whole text has one."""
    (comma,), (space,), (both,) = (codec.encode(text) for text in (",", " ", ", "))
    joined: list[int] = []
    for token in ids:
        if token == space and joined[-1:] == [comma]:
            joined[-1] = both
        else:
            joined.append(token)
    return joined


def check_traces(codec: Codec, exported: Tokenizer) -> None:
    """The exported tokenizer gives back the ids of training sequences."""
    rng = random.Random(7)
    for number in range(900):
        ids = (make_trace, make_graded_trace, make_prm_trace)[number % 3](codec, rng).ids
        text = codec.decode(ids)
        again = exported.encode(text, add_special_tokens=False).ids
        if again != joined_commas(codec, ids):
            raise SystemExit(f"The exported tokenizer differs on {text!r}.")
        if exported.decode(again, skip_special_tokens=False) != text:
            raise SystemExit(f"The exported tokenizer does not give back {text!r}.")


def check_gguf(path: Path, config: Config, codec: Codec, tensors: Tensors, names: dict[str, str]) -> None:
    """The token table and the weights are in the GGUF file."""
    reader = gguf.GGUFReader(path)
    tokens, types, merges = token_table(codec, config.vocabulary)
    expected = {"tokens": tokens, "token_type": [int(each) for each in types], "merges": merges}
    for key, values in expected.items():
        if reader.fields[f"tokenizer.ggml.{key}"].contents() != values:
            raise SystemExit(f"tokenizer.ggml.{key} differs.")
    written = {tensor.name: tensor.data for tensor in reader.tensors}
    for name, tensor in tensors.items():
        if not np.allclose(written[names[name]], tensor.numpy(), rtol=1e-3, atol=1e-6):
            raise SystemExit(f"{names[name]} differs.")


def check_safetensors(path: Path, tensors: Tensors) -> None:
    """The weights are in the Hugging Face file."""
    written = load_file(path)
    if written.keys() != tensors.keys():
        raise SystemExit("model.safetensors holds other tensors.")
    for name, tensor in tensors.items():
        if not torch.equal(written[name], tensor.half()):
            raise SystemExit(f"{name} differs.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default=NAME, help="name of the GGUF file")
    parser.add_argument("--gguf-only", action="store_true", help="there is no Hugging Face folder")
    options = parser.parse_args()
    state = torch.load(options.checkpoint)
    config, codec = Config(**state["config"]), Codec()
    tensors, names = named_tensors(state["weights"], config.layers)
    check_pieces(codec)
    check_traces(codec, codec.tokenizer)
    check_gguf(options.folder / f"{options.name}.gguf", config, codec, tensors, names)
    if not options.gguf_only:
        check_traces(codec, Tokenizer.from_file(str(options.folder / "hf" / "tokenizer.json")))
        check_safetensors(options.folder / "hf" / "model.safetensors", tensors)
    print("The exported files agree with the checkpoint and with the tokenizer of the training.")


if __name__ == "__main__":
    main()
