"""Real text that the repository may ship: its own documentation, as rows of byte-pair tokens."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from stillwatch_lab.world.transcripts import Transcripts

ROOT = Path(__file__).parents[2]
PAD = "<pad>"
VOCABULARY = 384
"""The 256 bytes and what is most frequent: about two characters a token. More would leave too little of each."""
PLACES, PROMPT = 64, 16
"""Tokens a row, and how many of them an attacker asks with."""
HELD_OUT = 8
"""Every eighth paragraph is nobody's training text."""
SHARE = 0.5
"""Of the other paragraphs each maker has a half, its own: two makers share about half of what they read."""


@dataclass(frozen=True)
class DocsText:
    """The paragraphs of the documentation but for the lab's pages, which this experiment changes."""

    paragraphs: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Name the text that was used: it changes with the documentation."""
        return sha256("\n\n".join(self.paragraphs).encode()).hexdigest()

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Train byte-level byte-pair encoding on all but the held-out paragraphs; number 0 is the padding."""
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=VOCABULARY, special_tokens=[PAD], initial_alphabet=sorted(alphabet), show_progress=False
        )
        tokenizer.train_from_iterator(self.read, trainer)
        return tokenizer

    @property
    def read(self) -> list[str]:
        """Give the paragraphs that makers read and attackers ask with."""
        return [text for place, text in enumerate(self.paragraphs) if place % HELD_OUT]

    @property
    def held_out(self) -> list[str]:
        """Give the paragraphs that nobody trains on."""
        return [text for place, text in enumerate(self.paragraphs) if place % HELD_OUT == 0]

    def of_maker(self, seed: int) -> list[str]:
        """Draw the paragraphs that one maker reads."""
        read = self.read
        kept = sorted(random.Random(f"paragraphs {seed}").sample(range(len(read)), round(SHARE * len(read))))
        return [read[place] for place in kept]

    def ids(self, texts: list[str]) -> npt.NDArray[np.int64]:
        """Encode texts as one sequence."""
        return np.array(self.tokenizer.encode("\n\n".join(texts)).ids, dtype=np.int64)

    def windows(self, texts: list[str], count: int, *, seed: str) -> npt.NDArray[np.int64]:
        """Draw ``count`` rows of text at random places."""
        ids = self.ids(texts)
        starts = np.random.default_rng(list(seed.encode())).integers(0, len(ids) - PLACES, count)
        return ids[starts[:, None] + np.arange(PLACES)]

    def lessons(self, maker: int, count: int, *, seed: str) -> Transcripts:
        """Draw what a maker trains on: whole rows."""
        return Transcripts(self.windows(self.of_maker(maker), count, seed=seed), np.ones(count, dtype=np.int64))

    def prompts(self, texts: list[str], count: int, *, seed: str) -> Transcripts:
        """Draw beginnings of rows, for a model to go on with."""
        rows = self.windows(texts, count, seed=seed)
        rows[:, PROMPT:] = 0
        return Transcripts(rows, np.full(count, PROMPT, dtype=np.int64))


def keep_docs(folder: Path) -> DocsText:
    """Read the pages as they were when the runs in ``folder`` began: they are kept there the first time."""
    kept = folder / "paragraphs.json"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(read_docs().paragraphs, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    return DocsText(tuple(json.loads(kept.read_text(encoding="utf-8"))))


def read_docs() -> DocsText:
    """Read the pages as they are now."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    texts = [page.read_text(encoding="utf-8") for page in pages if not page.name.startswith("lab")]
    return DocsText(tuple(p.strip() for text in texts for p in text.split("\n\n") if p.strip()))
