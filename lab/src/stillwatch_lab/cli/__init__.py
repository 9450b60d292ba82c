"""The command line: one file per command, collected here."""

from stillwatch_lab.cli.main import main

__all__ = ["main"]
