"""Stillwatch finds, slows and proves distillation campaigns against a language-model API."""
