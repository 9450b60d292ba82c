"""One file per command, named after it; each registers itself on ``stillwatch_lab.cli.main.app``."""
