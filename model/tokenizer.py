"""Byte-level BPE tokenizer of the tiny model.

256 byte symbols, merges that build only capital-initial words (so lower-case words stay letter by letter and
digits stay single), added tokens for the phrases of a trace, and the ChatML specials on top of the vocabulary.
Tokenising the pieces of a dialogue one by one gives the same ids as tokenising their concatenation.
"""

from __future__ import annotations

from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

PAD = "<|endoftext|>"
START = "<|im_start|>"
END = "<|im_end|>"
SPECIALS = (PAD, START, END)

MERGED_WORDS = (
    "Wait", "Hmm", "Alternatively", "How", "What", "The", "Final", "Answer",
    "So", "Let", "But", "Actually", "Check", "Count", "Add", "Quick",
)  # fmt: skip

PHRASES = (
    "How many ", "What is ", "Count the letter ", "Add the numbers ", " in the word ", "'s are in the word ",
    "Quick guess", "in halves: ", "in chunks: ", "one by one: ", "backwards: ", "votes: ",
    ", ", " => ", "Final Answer:", " The final answer is $\\boxed{", "}$",
)  # fmt: skip

#: Added behind the specials, so that the ids before them stay: suffixes and steps, then the tags of the reward model.
LATER_PHRASES = ("Think for up to ", " tokens.", " steps.", " steps left", "numbers above ")
STEP_TAG, GOOD, BAD = "<|step|>", "<|good|>", "<|bad|>"

THINK_OPEN = START + "think"
ANSWER_OPEN = START + "answer"
ANSWER_CUE = ANSWER_OPEN + "\nFinal Answer:"
ANSWER_LEAD = " The final answer is $\\boxed{"
ANSWER_TAIL = "}$"


def byte_symbols() -> list[str]:
    """The printable stand-in of each of the 256 bytes, as in GPT-2."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    symbols: dict[int, str] = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        if byte not in symbols:
            symbols[byte] = chr(256 + len(symbols) - len(printable))
    return [symbols[byte] for byte in range(256)]


def build_tokenizer() -> Tokenizer:
    """Builds the tokenizer from the lists above; it is not trained."""
    vocabulary = {symbol: index for index, symbol in enumerate(byte_symbols())}
    merges: list[tuple[str, str]] = []
    for word in MERGED_WORDS:
        for end in range(1, len(word)):
            pair = (word[:end], word[end])
            if pair not in merges:
                merges.append(pair)
            vocabulary.setdefault(word[: end + 1], len(vocabulary))
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken(phrase, normalized=False, special=False) for phrase in PHRASES])
    tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in SPECIALS])
    later = (*LATER_PHRASES, STEP_TAG, GOOD, BAD)
    tokenizer.add_tokens([AddedToken(phrase, normalized=False, special=False) for phrase in later])
    return tokenizer


class Codec:
    """Text to ids and back, with a cache for the many short pieces of the trace generator."""

    CACHE_LIMIT = 200_000

    def __init__(self, tokenizer: Tokenizer | None = None) -> None:
        self.tokenizer = tokenizer or build_tokenizer()
        vocabulary = self.tokenizer.get_vocab()
        self.size = len(vocabulary)
        self.pad, self.start, self.end = (vocabulary[name] for name in SPECIALS)
        self.step_tag, self.good, self.bad = (vocabulary[name] for name in (STEP_TAG, GOOD, BAD))
        self._cache: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        ids = self._cache.get(text)
        if ids is None:
            ids = self.tokenizer.encode(text, add_special_tokens=False).ids
            if len(self._cache) < self.CACHE_LIMIT:
                self._cache[text] = ids
        return ids

    def decode(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=False)

    @property
    def stops(self) -> tuple[int, int, int]:
        """Tokens that end thinking."""
        return (self.start, self.end, self.pad)


def padded_size(size: int, multiple: int = 32) -> int:
    """Rows of the embedding: the vocabulary rounded up."""
    return -(-size // multiple) * multiple


def chat_prompt(question: str) -> str:
    """What the chat template renders for one user message."""
    return f"{START}user\n{question}{END}\n{START}assistant\n"


def save_tokenizer(path: Path) -> None:
    build_tokenizer().save(str(path))
