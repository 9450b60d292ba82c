"""``python -m stillwatch_lab``: the same as ``stillwatch-lab``."""

from stillwatch_lab.cli import main

main()
