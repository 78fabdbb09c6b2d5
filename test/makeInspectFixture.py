"""Writes fixtures/inspect/sums.eval by Inspect itself: two samples, two epochs, a mock model that says what is given here.

Run from this folder with the Python that scripts/setupInspect.sh prints.
"""

import shutil
import tempfile
from pathlib import Path

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    ContentReasoning,
    ContentText,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.scorer import match


def says(thought: str, text: str, stop: str = "stop") -> ModelOutput:
    content = [ContentReasoning(reasoning=thought), ContentText(text=text)]
    message = ChatMessageAssistant(content=content, source="generate")
    usage = ModelUsage(input_tokens=10, output_tokens=20, total_tokens=30, reasoning_tokens=12)
    choice = ChatCompletionChoice(message=message, stop_reason=stop)
    return ModelOutput(model="mockllm/model", choices=[choice], usage=usage)


task = Task(
    name="sums",
    dataset=[
        Sample(id="a", input="What is 2+2?", target="4"),
        Sample(id="b", input="Capital? " + "x" * 300, target=["Paris", "paris"]),
    ],
    scorer=match(),
    epochs=2,
)
outputs = [says("two and two " * 50, "4"), says("hm", "Rome"), says("two", "4"), says("hm", "Ro", "max_tokens")]
with tempfile.TemporaryDirectory() as folder:
    model = get_model("mockllm/model", custom_outputs=outputs)
    [log] = eval(task, model=model, log_dir=folder, display="none", max_samples=1, max_connections=1)
    shutil.copyfile(log.location.removeprefix("file://"), Path(__file__).parent / "fixtures/inspect/sums.eval")
