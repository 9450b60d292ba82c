"""Every exception Stillwatch raises on purpose.

A message says what is wrong, where, and what to change. The command line prints it without a traceback.
"""


class StillwatchError(Exception):
    """The base of all of them; ``exit_code`` is what the command line ends with."""

    exit_code = 2


class SourceError(StillwatchError):
    """A log or accounts file cannot be read, or a row of it is not an API call."""


class SettingsError(StillwatchError):
    """A setting, key file or option is missing, unknown or out of range."""


class PluginError(StillwatchError):
    """A source or signal does not keep its contract."""


class ScenarioError(StillwatchError):
    """A simulation scenario or its prompt pool cannot be used."""


class ReportError(StillwatchError):
    """A report cannot be written or read."""


class JournalError(StillwatchError):
    """The gateway's journal cannot be made, read or sealed."""


class DirectoryError(StillwatchError):
    """The directory of accounts and keys refuses a change, or its database cannot be used as it is."""


class NotInDirectoryError(DirectoryError):
    """No account, key or appeal of that name."""


class DirectoryUnavailableError(DirectoryError):
    """The directory's database does not answer."""


class EvidenceError(StillwatchError):
    """A log, proof, checkpoint, bundle or receipt does not hold, or cannot be made."""


class SharingError(StillwatchError):
    """What was to be shared or received is not what it should be, or a partner does not answer as agreed."""


class StoreError(StillwatchError):
    """A database does not answer, or is not what it should be."""


class RegistryError(StillwatchError):
    """The register refuses a change, a record of it does not hold, or a list cannot be screened against."""


class NotInRegisterError(RegistryError):
    """No entry of that name."""
