"""A witness that anyone can run: cosigns a log's checkpoints as long as each continues the one before."""
