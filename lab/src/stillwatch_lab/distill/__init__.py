"""A student is made from a teacher: samples, losses, a training loop that can be interrupted, a card."""
