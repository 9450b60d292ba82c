"""Many small decoders of one shape trained side by side, as one model with a leading dimension of members."""
