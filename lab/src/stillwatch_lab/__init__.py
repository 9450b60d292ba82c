"""What distilling a language model takes, what it passes on, and whether a model was made from yours."""
