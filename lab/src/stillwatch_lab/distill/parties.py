"""Open the teacher and the student of a run, and check that they fit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model

from stillwatch_lab.distill.endpoint import Endpoint
from stillwatch_lab.distill.endpoint_teacher import EndpointTeacher
from stillwatch_lab.distill.folder_teacher import FolderTeacher
from stillwatch_lab.distill.permission import Permission, permit_endpoint, permit_folder
from stillwatch_lab.distill.settings import DistillSettings, Method
from stillwatch_lab.distill.teacher import Teacher
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.models.folders import (
    LanguageModel,
    new_model,
    read_configuration,
    read_model,
    read_tokenizer,
    require_device,
    require_model_folder,
)
from stillwatch_lab.models.tokenizers import byte_tokenizer, require_same_vocabulary

SCRATCH_RATE, FOLDER_RATE, LORA_RATE = 2e-3, 2e-5, 2e-4
"""Peak learning rates: the pilot's for 0.1 M parameters; what full and LoRA fine-tuning commonly begin with."""
LORA_ALPHA_PER_RANK = 2
"""The adapter's output is multiplied by alpha/rank; 2 is the common choice."""


@dataclass(frozen=True, kw_only=True)
class Parties:
    """Who teaches whom, as named on the command line."""

    teacher: str
    """A model folder, or the URL of an OpenAI-compatible API up to and with ``/v1``."""
    student: str
    """A model folder, a bundled configuration's name, or a configuration file."""
    model: str | None = None
    """Name of the served model; for a URL only."""
    key_variable: str | None = None
    """Environment variable with the key; for a URL only."""
    tokenizer: Path | None = None
    """Folder with the teacher's tokenizer, for a URL, or a student's from scratch that has another than the teacher."""
    licence: str | None = None
    own: str | None = None

    @property
    def is_endpoint(self) -> bool:
        """Say whether the teacher is served by somebody."""
        return self.teacher.startswith(("http://", "https://"))


def permit(parties: Parties) -> Permission:
    """Check that the teacher may be used. Raises PermissionRefusedError with the reason."""
    if not parties.is_endpoint:
        require_model_folder(Path(parties.teacher))
        return permit_folder(Path(parties.teacher), licence=parties.licence, own=parties.own)
    if not parties.model:
        raise LabSettingsError(f"{parties.teacher} serves models by name: name one with --model")
    return permit_endpoint(parties.teacher, parties.model, licence=parties.licence, own=parties.own)


def require_openable(parties: Parties, prompts: Path, settings: DistillSettings) -> None:
    """Check what can be checked before a run's folder is made: a slip of the pen must not take the folder's name."""
    require_device(settings.device)
    if not prompts.is_file():
        raise LabSettingsError(f"{prompts}: no such file: --prompts wants lines of text (.txt) or of JSON (.jsonl)")
    if not (Path(parties.student) / "config.json").is_file():
        read_configuration(parties.student)


def open_teacher(parties: Parties, settings: DistillSettings) -> Teacher:
    """Load the teacher's folder, or make ready to ask its server."""
    if parties.is_endpoint:
        key = os.environ.get(parties.key_variable) if parties.key_variable else None
        if parties.key_variable and not key:
            raise LabSettingsError(f"the environment has no {parties.key_variable}: set it to the API's key")
        tokenizer = read_tokenizer(parties.tokenizer) if parties.tokenizer else None
        endpoint = Endpoint(parties.teacher, parties.model or "", key)
        return EndpointTeacher(endpoint, tokenizer, settings)
    folder = Path(parties.teacher)
    return FolderTeacher(read_model(folder, device=settings.device, dtype=settings.dtype), folder, settings)


def open_student(parties: Parties, settings: DistillSettings, teacher: Teacher) -> tuple[LanguageModel, float]:
    """Load or make the student; with it comes the learning rate to train it with."""
    if (Path(parties.student) / "config.json").is_file():
        student, rate = read_model(Path(parties.student), device=settings.device), FOLDER_RATE
    else:
        tokenizer = _tokenizer_of_new_student(parties, teacher)
        student = new_model(parties.student, tokenizer, seed=settings.seed, device=settings.device)
        rate = SCRATCH_RATE
    if settings.method is not Method.SEQUENCE and teacher.tokenizer is not None:
        require_same_vocabulary(teacher.tokenizer, student.tokenizer)
    if settings.lora_rank:
        student, rate = _with_adapters(student, settings), LORA_RATE
    return student, settings.learning_rate or rate


def same_tokens(teacher: Teacher, student: LanguageModel) -> bool:
    """Say whether the teacher's tokens are known and the student's."""
    return teacher.tokenizer is not None and teacher.tokenizer.get_vocab() == student.tokenizer.get_vocab()


def _tokenizer_of_new_student(parties: Parties, teacher: Teacher) -> Any:
    if parties.tokenizer:
        return read_tokenizer(parties.tokenizer)
    return teacher.tokenizer or byte_tokenizer()


def _with_adapters(student: LanguageModel, settings: DistillSettings) -> LanguageModel:
    config = LoraConfig(
        r=settings.lora_rank,
        lora_alpha=LORA_ALPHA_PER_RANK * settings.lora_rank,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    torch.manual_seed(settings.seed)
    return LanguageModel(get_peft_model(student.model, config), student.tokenizer)
