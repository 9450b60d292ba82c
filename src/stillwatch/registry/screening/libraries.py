"""The libraries of the extra ``registry``: rigour for names of most scripts, OpenCC and pypinyin for Chinese."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from stillwatch.errors import SettingsError


@cache
def library(name: str) -> Any:
    """Import a library at first use. Raises SettingsError if the extra is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as problem:
        raise SettingsError(
            f"screening needs {name.partition('.')[0]}, which is not installed; run: pip install 'stillwatch[registry]'"
        ) from problem


@cache
def simplifier() -> Any:
    """Return OpenCC's converter from traditional to simplified characters."""
    return library("opencc").OpenCC("t2s")
