"""Conversations as rows of word ids, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch_lab.world.lessons import Lesson
from stillwatch_lab.world.words import ANSWER, END, PAD, START, THINK
from stillwatch_lab.world.world import World

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Transcripts:
    """Rows of ids, padded at the right; the first ``prompts[i]`` ids of row ``i`` were asked, the rest is said."""

    ids: Ids
    prompts: Ids

    @property
    def said(self) -> npt.NDArray[np.bool_]:
        """Mark the ids that the model says: those that it is trained on."""
        places = np.arange(self.ids.shape[1])[None, :]
        said: npt.NDArray[np.bool_] = (places >= self.prompts[:, None]) & (self.ids != 0)
        return said


def longest_row(world: World) -> int:
    """Count the ids of the longest conversation: question, three marks, 7 words a step, one answer, end."""
    return 2 + 2 * world.longest + 3 + 7 * world.longest + 2


def write_lessons(world: World, lessons: Sequence[Lesson]) -> Transcripts:
    """Turn lessons into rows; what a model said beyond the longest conversation is cut."""
    index = _index(world)
    ids = np.zeros((len(lessons), longest_row(world)), dtype=np.int64)
    for row, lesson in enumerate(lessons):
        words = [index[word] for word in lesson.words][: ids.shape[1]]
        ids[row, : len(words)] = words
    return Transcripts(ids, np.array([len(lesson.prompt) for lesson in lessons], dtype=np.int64))


def write_prompts(world: World, questions: Sequence[Sequence[str]]) -> Transcripts:
    """Turn questions into rows that a model is to go on with."""
    whole = write_lessons(world, [Lesson(tuple(words), (), ()) for words in questions])
    places = np.arange(whole.ids.shape[1])[None, :]
    return Transcripts(np.where(places < whole.prompts[:, None], whole.ids, 0), whole.prompts)


def read_lessons(world: World, ids: Ids) -> list[Lesson]:
    """Turn rows back. What is missing or out of place in a row is read as empty, never repaired."""
    words = world.vocabulary.words
    return [_read([words[i] for i in row]) for row in ids]


def _read(words: list[str]) -> Lesson:
    body = words[1:] if words[:1] == [START] else words
    question, rest = _split(body, THINK)
    reasoning, rest = _split(rest, ANSWER)
    answer, _ = _split(rest, END)
    return Lesson(_bare(question), _bare(reasoning), _bare(answer))


def _split(words: list[str], mark: str) -> tuple[list[str], list[str]]:
    at = words.index(mark) if mark in words else len(words)
    return words[:at], words[at + 1 :]


def _bare(words: list[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word != PAD)


def _index(world: World) -> dict[str, int]:
    return {word: place for place, word in enumerate(world.vocabulary.words)}
