"""From what is named on a command line to somebody who answers."""

from __future__ import annotations

import os
from pathlib import Path

from stillwatch_lab.distill.endpoint import Endpoint
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.models.folders import require_device, require_model_folder
from stillwatch_lab.respondents.endpoint import EndpointRespondent
from stillwatch_lab.respondents.folder import FolderRespondent
from stillwatch_lab.respondents.reply import Respondent


def open_folder(folder: Path, *, device: str = "cpu") -> FolderRespondent:
    """Open a model folder: it is read when it is first asked, and a name that is none is refused at once."""
    require_model_folder(folder)
    require_device(device)
    return FolderRespondent(folder, device)


def open_respondent(
    what: str, *, model: str | None = None, key_variable: str | None = None, device: str = "cpu"
) -> Respondent:
    """Open a model folder on ``device``, or an OpenAI-compatible API by its URL up to and with ``/v1``."""
    if not what.startswith(("http://", "https://")):
        return open_folder(Path(what), device=device)
    if not model:
        raise LabSettingsError(f"{what} serves models by name: name one")
    key = os.environ.get(key_variable) if key_variable else None
    if key_variable and not key:
        raise LabSettingsError(f"the environment has no {key_variable}: set it to the API's key")
    return EndpointRespondent(Endpoint(what, model, key))
