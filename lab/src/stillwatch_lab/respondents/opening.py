"""From what is named on a command line to somebody who answers."""

from __future__ import annotations

import os
from pathlib import Path

from stillwatch_lab.distill.endpoint import Endpoint
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.respondents.endpoint import EndpointRespondent
from stillwatch_lab.respondents.folder import FolderRespondent
from stillwatch_lab.respondents.reply import Respondent


def open_respondent(what: str, *, model: str | None = None, key_variable: str | None = None) -> Respondent:
    """Open a model folder, or an OpenAI-compatible API by its URL up to and with ``/v1``."""
    if not what.startswith(("http://", "https://")):
        return FolderRespondent(Path(what))
    if not model:
        raise LabSettingsError(f"{what} serves models by name: name one")
    key = os.environ.get(key_variable) if key_variable else None
    if key_variable and not key:
        raise LabSettingsError(f"the environment has no {key_variable}: set it to the API's key")
    return EndpointRespondent(Endpoint(what, model, key))
