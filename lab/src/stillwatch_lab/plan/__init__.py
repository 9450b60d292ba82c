"""What a distillation costs, on paper: no model, no torch, a second."""
