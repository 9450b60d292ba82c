"""Public benchmarks of real models, through lm-evaluation-harness; the data is the user's own file."""
