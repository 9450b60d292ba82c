"""One file per command; each registers itself on ``stillwatch.cli.main.app``."""
