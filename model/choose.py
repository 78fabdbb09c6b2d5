"""Chooses the checkpoint to export by its accuracy on the dev problems, and prints its path.

What counts is being right after four and after eight cues; of equals, the latest. The accuracy without cues is not
asked for: a checkpoint is not better for starting lower.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
from evaluate_dev import DEV, evaluate, read_problems


def score(table: dict[str, dict[str, float]]) -> float:
    """Mean accuracy after four and after eight cues."""
    return (table["cues 4"]["accuracy"] + table["cues 8"]["accuracy"]) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of the checkpoints")
    parser.add_argument("--last", type=int, default=3, help="how many of the latest checkpoints to compare")
    options = parser.parse_args()
    torch.set_num_threads(1)
    problems, scores = read_problems(DEV), {}
    for checkpoint in sorted(options.run.glob("step-*.pt"))[-options.last :]:
        table, _ = evaluate(checkpoint, problems, counts=[4, 8], caps=[])
        scores[checkpoint] = score(table)
        print(json.dumps({"checkpoint": checkpoint.name, "score": scores[checkpoint], **table}), file=sys.stderr)
    print(max(scores, key=lambda checkpoint: (scores[checkpoint], checkpoint.name)))


if __name__ == "__main__":
    main()
