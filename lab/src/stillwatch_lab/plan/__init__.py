"""What a distillation costs, on paper."""
