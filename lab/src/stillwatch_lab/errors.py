"""Every exception the lab raises on purpose.

A message says what is wrong, where, and what to change. The command line prints it without a traceback.
"""

from __future__ import annotations

from stillwatch.errors import StillwatchError


class LabError(StillwatchError):
    """The base of all of them; ``exit_code`` is what the command line ends with."""


class LabSettingsError(LabError):
    """A setting or option is missing, unknown, out of range or at odds with another."""


class PermissionRefusedError(LabError):
    """The teacher's licence or terms do not permit to train another model on it, or nobody said that they do."""


class ModelError(LabError):
    """A model folder or configuration cannot be used as it is, or two models do not fit together."""


class EndpointError(LabError):
    """A model server does not answer, or answers with something else than what its API promises."""


class RunError(LabError):
    """A run's folder belongs to another run, or what is in it cannot be read."""
