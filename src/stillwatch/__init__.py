"""Stillwatch finds, slows and proves distillation campaigns against a language-model API."""

__version__ = "0.1.0"
