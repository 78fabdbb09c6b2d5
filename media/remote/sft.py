# /// script
# requires-python = ">=3.10"
# dependencies = ["torch>=2.5", "transformers>=5.0", "trl>=1.0", "accelerate>=1.0", "datasets>=3.0"]
# ///
"""Supervised fine-tuning as in s1 (arXiv 2501.19393, App. D and train/sft.py), as a job of Second Thought.

python sft.py --job FOLDER [--check]

Reads FOLDER/settings.json, which src/core/jobs/fineTune.ts writes. Rows have `text` (a rendered chat), `messages`, or
`input_ids` with or without `labels`. Loss is on what follows the assistant's opening, thinking and answer, and on nothing else.
Writes out/metrics.jsonl (a line per step), out/checkpoints/ and, at the end, out/model/; with several seeds one training after
the other, into out/seed-N/. Started again it goes on from the last checkpoint. When status/stop appears it saves a checkpoint,
leaves status/continue and ends with 0.
--check: says what training would do (rows, cut rows, steps, labels of the first row as text), and ends.
"""

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path

IGNORED = -100


def fail(sentence: str) -> None:
    sys.exit(f"Error: {sentence}")


def read_rows(job: Path, settings: dict) -> list[dict]:
    if not settings["data_file"]:
        from datasets import load_dataset

        return list(load_dataset(settings["data_set"], split="train"))
    file = job / settings["data_file"]
    if file.suffix in (".parquet", ".csv"):
        from datasets import Dataset

        return list(Dataset.from_parquet(str(file)) if file.suffix == ".parquet" else Dataset.from_csv(str(file)))
    text = file.read_text(encoding="utf-8")
    return json.loads(text) if file.suffix == ".json" else [json.loads(line) for line in text.splitlines() if line.strip()]


# Where a turn of the user begins and where one of the assistant does: ChatML and Llama 3, as in train/sft.py. With each the
# token for padding, which the model never meets otherwise.
FAMILIES = [
    ("<|im_start|>user", "<|im_start|>assistant\n", "<|fim_pad|>"),
    (
        "<|start_header_id|>user<|end_header_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "<|reserved_special_token_5|>",
    ),
]


def family_of(tokenizer) -> tuple[list[int], list[int], str]:
    for user, assistant, padding in FAMILIES:
        first = user[: user.index(">") + 1]
        if tokenizer.convert_tokens_to_ids(first) not in (None, tokenizer.unk_token_id):
            return encode(tokenizer, user), encode(tokenizer, assistant), padding
    fail("This tokenizer has neither the marks of ChatML nor those of Llama 3, so where answers begin is not known.")


def encode(tokenizer, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def labels_of(ids: list[int], user: list[int], assistant: list[int]) -> list[int]:
    """The ids themselves from the end of an assistant's opening to the next turn of a user; elsewhere -100."""
    labels = [IGNORED] * len(ids)
    is_answer = False
    at = 0
    while at < len(ids):
        if ids[at : at + len(assistant)] == assistant:
            at, is_answer = at + len(assistant), True
        elif ids[at : at + len(user)] == user:
            at, is_answer = at + len(user), False
        else:
            if is_answer:
                labels[at] = ids[at]
            at += 1
    return labels


def prepare(rows: list[dict], tokenizer, max_length: int) -> tuple[list[dict], dict]:
    """Rows of ids and labels, cut to length, and what there is to say about them before any training."""
    user, assistant, padding = family_of(tokenizer)
    if tokenizer.convert_tokens_to_ids(padding) not in (None, tokenizer.unk_token_id):
        tokenizer.pad_token = padding
    examples, cut, empty, longest = [], 0, 0, 0
    for number, row in enumerate(rows, 1):
        ids = row.get("input_ids")
        if ids is None and row.get("messages"):
            ids = encode(tokenizer, tokenizer.apply_chat_template(row["messages"], tokenize=False))
        if ids is None and row.get("text"):
            ids = encode(tokenizer, row["text"])
        if ids is None:
            fail(f"Row {number} has none of text, messages and input_ids.")
        labels = row.get("labels") or labels_of(ids, user, assistant)
        if len(labels) != len(ids):
            fail(f"Row {number} has {len(ids)} ids and {len(labels)} labels.")
        longest = max(longest, len(ids))
        cut += len(ids) > max_length
        ids, labels = list(ids[:max_length]), list(labels[:max_length])
        if all(label == IGNORED for label in labels):
            empty += 1  # nothing to learn: its answer was cut away, or it has none
            continue
        examples.append({"input_ids": ids, "labels": labels, "attention_mask": [1] * len(ids)})
    if not examples:
        fail(f"None of the {len(rows)} rows has an answer to learn within {max_length} tokens.")
    facts = {"rows": len(rows), "cut": cut, "cut_share": cut / len(rows), "without_answer": empty, "longest": longest}
    return examples, facts


def last_checkpoint(folder: Path) -> str | None:
    """The newest one that is whole: the state is written last."""
    whole = [path for path in folder.glob("checkpoint-*") if (path / "trainer_state.json").exists()]
    return str(max(whole, key=lambda path: int(path.name.split("-")[1]))) if whole else None


def reporters(wanted: list[str]) -> list[str]:
    """Those that are installed here: a training of hours does not fail for want of a chart, and says what is missing."""
    from importlib.util import find_spec

    there = [name for name in wanted if find_spec(name)]
    for name in wanted:
        if name not in there:
            print(f"{name} is not installed here, so nothing is reported to it; out/metrics.jsonl has all of it.", flush=True)
    return there


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--job", type=Path, required=True)
    arguments.add_argument("--check", action="store_true")
    options = arguments.parse_args()
    job = options.job
    settings = json.loads((job / "settings.json").read_text())
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world != settings["world_size"] and not options.check:
        fail(f"{world} processes run and {settings['world_size']} were asked for: the batch would be another one.")

    from transformers import AutoTokenizer

    is_main = int(os.environ.get("RANK", "0")) == 0
    model_path = str(job / settings["model"]) if settings["model"].startswith("in/") else settings["model"]
    tokenizer = AutoTokenizer.from_pretrained(model_path)
    if isinstance(settings["learning_rate"], str):  # chosen by an earlier step
        settings["learning_rate"] = float((job / settings["learning_rate"]).read_text())
    examples, facts = prepare(read_rows(job, settings), tokenizer, settings["max_length"])
    batch = settings["per_device"] * settings["accumulation"] * settings["world_size"]
    steps = math.ceil(math.ceil(len(examples) / batch) * settings["epochs"])
    facts |= {"batch": batch, "steps": steps, "warmup_steps": math.ceil(settings["warmup"] * steps)}
    facts["first_labels"] = tokenizer.decode([label for label in examples[0]["labels"] if label != IGNORED])[:400]
    if is_main:
        print(f"{facts['cut']} of {facts['rows']} rows ({facts['cut_share']:.1%}) are longer than {settings['max_length']} tokens and are cut; {facts['without_answer']} keep no answer and are left out.", flush=True)
        print(json.dumps(facts), flush=True)
    if options.check:
        return

    record = Metrics(job / "out" / "metrics.jsonl", is_main)
    record({"event": "plan", **facts})
    seeds = settings.get("seeds") or [settings["seed"]]
    for number, seed in enumerate(seeds):
        out = job / "out" / f"seed-{seed}" if settings.get("seeds") else job / "out"
        if (out / "model" / "tokenizer.json").exists():
            continue  # saved last: this seed is done
        record.place(number * steps, len(seeds) * steps, {"seed": seed} if len(seeds) > 1 else {})
        if not train(job, settings | {"seed": seed}, out, examples, facts, tokenizer, model_path, record):
            if is_main:
                (status_folder(job) / "continue").touch()
            return


class Metrics:
    """Lines of metrics.jsonl. Steps are counted over all seeds, so that they only grow."""

    def __init__(self, file: Path, is_main: bool) -> None:
        self.file, self.is_main = file, is_main
        self.place(0, None, {})

    def place(self, before: int, of: int | None, more: dict) -> None:
        self.before, self.of, self.more = before, of, more

    def __call__(self, entry: dict) -> None:
        if not self.is_main:
            return
        steps = {"step": self.before + entry["step"], "of": self.of} if "step" in entry else {}
        with self.file.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"time": time.time(), **entry, **steps, **self.more}) + "\n")


def status_folder(job: Path) -> Path:
    return Path(os.environ.get("ST_STATUS", job / "status"))


def train(job: Path, settings: dict, out: Path, examples: list[dict], facts: dict, tokenizer, model_path: str, record: Metrics) -> bool:
    """One training, from where it stopped; its model is in out/model. False: it was asked to stop, and saved a checkpoint."""
    import torch
    from transformers import AutoModelForCausalLM, TrainerCallback

    world, is_main = settings["world_size"], record.is_main
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    dtype = torch.bfloat16 if settings["precision"] == "bf16" else torch.float32
    model = AutoModelForCausalLM.from_pretrained(model_path, dtype=dtype)
    sharding = {}
    if settings["sharding"] == "fsdp":
        layers = list(getattr(model, "_no_split_modules", None) or [])
        if not layers:
            fail("This model does not say which of its layers can be sharded.")
        sharding = {
            "fsdp": "full_shard auto_wrap",
            "fsdp_config": {
                "transformer_layer_cls_to_wrap": layers,
                "cpu_ram_efficient_loading": True,
                "activation_checkpointing": settings["gradient_checkpointing"],
            },
        }
    config = SFTConfig(
        output_dir=str(out / "checkpoints"),
        run_name=settings["run_name"],
        num_train_epochs=settings["epochs"],
        per_device_train_batch_size=settings["per_device"],
        gradient_accumulation_steps=settings["accumulation"],
        learning_rate=settings["learning_rate"],
        warmup_steps=facts["warmup_steps"],
        lr_scheduler_type="cosine",
        adam_beta1=0.9,
        adam_beta2=0.95,
        weight_decay=settings["weight_decay"],
        bf16=settings["precision"] == "bf16" and not settings["cpu"],
        use_cpu=settings["cpu"],
        max_length=None,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        gradient_checkpointing=settings["gradient_checkpointing"] and not sharding,
        logging_steps=1,
        save_strategy="steps" if settings["save_every"] else "no",
        save_steps=settings["save_every"] or 500,
        save_total_limit=2,
        seed=settings["seed"],
        report_to=reporters(settings["report_to"]) or "none",
        disable_tqdm=True,
        ddp_backend="gloo" if settings["cpu"] and world > 1 else None,
        **sharding,
    )

    class Follower(TrainerCallback):
        """Metrics, and the wish to stop: the first process reads it and tells all, so that all stop at the same step."""

        stopped = False

        def on_train_begin(self, args, state, control, **_):
            processes = trainer.accelerator.num_processes
            if processes != settings["world_size"]:
                fail(f"The trainer has {processes} processes and {settings['world_size']} were asked for.")
            wrapped = " ".join(base.__name__ for base in type(trainer.model_wrapped).__mro__)
            wanted = "FSDP" if sharding else "DistributedDataParallel" if processes > 1 else ""
            wanted = ("FullyShardedDataParallel", "FSDPModule") if wanted == "FSDP" else (wanted,)
            if not any(name in wrapped for name in wanted):
                fail(f"The model is trained as {wrapped.split()[0]}, not as {wanted[0]}: the processes would train apart.")
            record({"event": "began", "step": state.global_step, "world_size": processes, "wrapped": wrapped.split()[0]})

        def on_log(self, args, state, control, logs=None, **_):
            record({"event": "step", "step": state.global_step, **(logs or {})})

        def on_step_end(self, args, state, control, **_):
            asked = torch.tensor([float((status_folder(job) / "stop").exists())])
            if world > 1:
                asked = asked.to(trainer.accelerator.device)
                torch.distributed.broadcast(asked, 0)
            if asked.item() > 0 and state.global_step < state.max_steps:
                self.stopped = True
                control.should_save = control.should_training_stop = True

    follower = Follower()
    peft = {}
    if settings["lora"]:
        from peft import LoraConfig

        peft = {"peft_config": LoraConfig(r=settings["lora"], lora_alpha=2 * settings["lora"], target_modules="all-linear")}
    trainer = SFTTrainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list(examples),
        processing_class=tokenizer,
        callbacks=[follower],
        **peft,
    )
    trainer.train(resume_from_checkpoint=last_checkpoint(out / "checkpoints"))
    if follower.stopped:
        return False
    if sharding:
        trainer.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")
    trainer.save_model(str(out / "model"))
    if is_main:
        tokenizer.save_pretrained(str(out / "model"))
    record({"event": "ended", "step": trainer.state.global_step})
    return True


if __name__ == "__main__":
    main()
