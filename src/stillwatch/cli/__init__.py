"""The command line: one file per command, collected here."""

from stillwatch.cli.main import main

__all__ = ["main"]
