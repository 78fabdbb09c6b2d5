"""Writes a checkpoint as `s1-tiny.gguf` (f16) and as a Hugging Face folder (fp16), with `weights.json` beside them (`NAME.weights.json` for another name)."""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from network import Config
from safetensors.torch import save_file
from tokenizer import END, PAD, Codec
from torch import Tensor

NAME = "s1-tiny"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

#: Names of one layer's tensors: Hugging Face, GGUF.
LAYER_NAMES = {
    "self_attn.q_proj.weight": "attn_q.weight",
    "self_attn.q_proj.bias": "attn_q.bias",
    "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.k_proj.bias": "attn_k.bias",
    "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.v_proj.bias": "attn_v.bias",
    "self_attn.o_proj.weight": "attn_output.weight",
    "mlp.gate_proj.weight": "ffn_gate.weight",
    "mlp.up_proj.weight": "ffn_up.weight",
    "mlp.down_proj.weight": "ffn_down.weight",
    "input_layernorm.weight": "attn_norm.weight",
    "post_attention_layernorm.weight": "ffn_norm.weight",
}


def layer_tensors(weights: dict[str, Tensor], layer: int) -> dict[str, Tensor]:
    """One layer under the Hugging Face names, the fused matrices taken apart."""
    own = {name.removeprefix(f"blocks.{layer}."): tensor for name, tensor in weights.items()}
    gate, up = own["gate_up.weight"].chunk(2)
    tensors = {
        "self_attn.o_proj.weight": own["attention_out.weight"],
        "mlp.gate_proj.weight": gate,
        "mlp.up_proj.weight": up,
        "mlp.down_proj.weight": own["down.weight"],
        "input_layernorm.weight": own["attention_norm.weight"],
        "post_attention_layernorm.weight": own["mlp_norm.weight"],
    }
    for kind in ("weight", "bias"):
        for letter, part in zip("qkv", own[f"qkv.{kind}"].chunk(3), strict=True):
            tensors[f"self_attn.{letter}_proj.{kind}"] = part
    return tensors


def named_tensors(weights: dict[str, Tensor], layers: int) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors under their Hugging Face names, and the GGUF name of each."""
    tensors = {"model.embed_tokens.weight": weights["embedding.weight"], "model.norm.weight": weights["norm.weight"]}
    names = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
    for layer in range(layers):
        for name, tensor in layer_tensors(weights, layer).items():
            tensors[f"model.layers.{layer}.{name}"] = tensor
            names[f"model.layers.{layer}.{name}"] = f"blk.{layer}.{LAYER_NAMES[name]}"
    return tensors, names


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def model_config(config: Config, codec: Codec) -> dict[str, Any]:
    return {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.heads,
        "intermediate_size": config.hidden,
        "vocab_size": config.vocabulary,
        "max_position_embeddings": config.context,
        "rms_norm_eps": config.epsilon,
        "rope_theta": config.theta,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "torch_dtype": "float16",
        "use_sliding_window": False,
        "attention_dropout": 0.0,
        "bos_token_id": None,
        "eos_token_id": codec.end,
        "pad_token_id": codec.pad,
    }


def write_hugging_face(folder: Path, config: Config, codec: Codec, tensors: dict[str, Tensor]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    halves = {name: tensor.to(torch.float16).contiguous() for name, tensor in tensors.items()}
    save_file(halves, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    write_json(folder / "config.json", model_config(config, codec))
    generation = {"do_sample": False, "eos_token_id": [codec.end, codec.pad], "pad_token_id": codec.pad}
    write_json(folder / "generation_config.json", generation)
    codec.tokenizer.save(str(folder / "tokenizer.json"))
    tokenizer_config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "pad_token": PAD,
        "model_max_length": config.context,
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "add_bos_token": False,
    }
    write_json(folder / "tokenizer_config.json", tokenizer_config)


def token_table(codec: Codec, rows: int) -> tuple[list[str], list[int], list[str]]:
    """Tokens, their GGUF types and the merges; rows beyond the vocabulary are unused."""
    described = json.loads(codec.tokenizer.to_str())
    special = {token["id"]: token["special"] for token in described["added_tokens"]}
    by_id = {index: token for token, index in codec.tokenizer.get_vocab().items()}
    tokens, types = [], []
    for index in range(rows):
        tokens.append(by_id.get(index, f"[PAD{index}]"))
        if index not in by_id:
            types.append(gguf.TokenType.UNUSED)
        elif index in special:
            types.append(gguf.TokenType.CONTROL if special[index] else gguf.TokenType.USER_DEFINED)
        else:
            types.append(gguf.TokenType.NORMAL)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in described["model"]["merges"]]
    return tokens, types, merges


def describe_model(writer: gguf.GGUFWriter, config: Config, name: str) -> None:
    writer.add_name(name)
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.width)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.hidden)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.heads)
    writer.add_layer_norm_rms_eps(config.epsilon)
    writer.add_rope_freq_base(config.theta)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def describe_tokenizer(writer: gguf.GGUFWriter, codec: Codec, rows: int) -> None:
    tokens, types, merges = token_table(codec, rows)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(codec.pad)
    writer.add_eos_token_id(codec.end)
    writer.add_pad_token_id(codec.pad)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def write_gguf(path: Path, config: Config, codec: Codec, tensors: dict[str, Tensor], names: dict[str, str]) -> None:
    """Matrices in half precision, vectors in single precision."""
    writer = gguf.GGUFWriter(path, "qwen2")
    describe_model(writer, config, path.stem)
    describe_tokenizer(writer, codec, config.vocabulary)
    for name, tensor in tensors.items():
        values = tensor.float().numpy()
        writer.add_tensor(names[name], values.astype(np.float32 if values.ndim == 1 else np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_record(folder: Path, state: dict[str, Any], name: str) -> None:
    """`weights.json`: where the weights come from and the hash of every file."""
    own = [folder / f"{name}.gguf", *(folder.glob("hf/*") if name == NAME else [])]
    files = sorted(path for path in own if path.is_file())
    command = (
        f"torchrun --nproc-per-node 2 train.py --out RUN --steps {state['steps']} "
        f"--seed {state['seed']} --batch {state['batch']}"
    )
    if state.get("traces", "first") != "first":
        command += f" --traces {state['traces']} --weights EARLIER"
    if state.get("traces") == "prm":
        command += " --rollouts ROLLOUTS"
    if state.get("rate", 1.0) != 1.0:
        command += f" --rate {state['rate']}"
    record = {
        "name": name,
        "command": command,
        "seed": state["seed"],
        "schedule": state["steps"],
        "steps": state["step"],
        "tokens": state["tokens"],
        "parameters": sum(tensor.numel() for tensor in state["weights"].values()),
        "torch": torch.__version__,
        "files": {
            str(path.relative_to(folder)): {
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "bytes": path.stat().st_size,
            }
            for path in files
        },
    }
    write_json(folder / ("weights.json" if name == NAME else f"{name}.weights.json"), record)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default=NAME, help="name of the GGUF file")
    parser.add_argument("--gguf-only", action="store_true", help="no Hugging Face folder")
    options = parser.parse_args()
    state = torch.load(options.checkpoint)
    config, codec = Config(**state["config"]), Codec()
    tensors, names = named_tensors(state["weights"], config.layers)
    options.folder.mkdir(parents=True, exist_ok=True)
    if not options.gguf_only:
        write_hugging_face(options.folder / "hf", config, codec, tensors)
    write_gguf(options.folder / f"{options.name}.gguf", config, codec, tensors, names)
    write_record(options.folder, state, options.name)


if __name__ == "__main__":
    main()
