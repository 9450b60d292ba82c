"""A Hugging Face model folder as a respondent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from stillwatch_lab.models.folders import LanguageModel, read_model
from stillwatch_lab.models.sampling import complete, equal_lengths, mixed
from stillwatch_lab.respondents.reply import Manner, Reply

AT_ONCE = 256
"""Rows generated together: small models are faster in bulk, and this many of 500 tokens fit into memory."""
ANSWER = "</think>"
"""What reasoning models write between reasoning and answer; text without it is all answer."""


@dataclass
class FolderRespondent:
    """A folder, read when it is first asked."""

    folder: Path
    device: str = "cpu"
    _model: LanguageModel | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """Name the folder."""
        return self.folder.name

    @property
    def model(self) -> LanguageModel:
        """Read the folder, once."""
        if self._model is None:
            self._model = read_model(self.folder, device=self.device)
        return self._model

    def ask(self, prompts: Sequence[str], manner: Manner) -> list[Reply]:
        """Answer each prompt as a first turn, through the chat template where there is one."""
        return [self._reply(tokens) for tokens in self.say(prompts, manner)]

    def say(self, prompts: Sequence[str], manner: Manner) -> list[tuple[int, ...]]:
        """Answer in tokens, without the end."""
        it = self.model
        rows = [tuple(self.encode_prompt(prompt)) for prompt in prompts]
        said: dict[int, tuple[int, ...]] = {}
        for number, places in enumerate(equal_lengths(rows, size=AT_ONCE)):
            batch = [rows[place] for place in places]
            written = complete(
                it,
                batch,
                max_new_tokens=manner.max_tokens,
                temperature=manner.temperature,
                seed=mixed(manner.seed, number),
            )
            said |= {place: tokens for place, (tokens, _) in zip(places, written, strict=True)}
        return [said[place] for place in range(len(prompts))]

    def encode_prompt(self, prompt: str) -> list[int]:
        """Turn a question into the ids that the model goes on with."""
        tokenizer = self.model.tokenizer
        if tokenizer.chat_template is None:
            return [int(i) for i in tokenizer.encode(prompt)]
        turn = [{"role": "user", "content": prompt}]
        text = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        return [int(i) for i in tokenizer.encode(text, add_special_tokens=False)]

    def fingerprint(self) -> str:
        """Hash the files of weights, by name."""
        hashed = sha256()
        for path in sorted([*self.folder.glob("*.safetensors"), *self.folder.glob("*.bin")]):
            hashed.update(path.name.encode() + sha256(path.read_bytes()).digest())
        return hashed.hexdigest()

    def _reply(self, tokens: Sequence[int]) -> Reply:
        text = self.model.tokenizer.decode(list(tokens), skip_special_tokens=False)
        reasoning, mark, answer = text.partition(ANSWER)
        return Reply(reasoning.strip(), answer.strip()) if mark else Reply("", text.strip())
