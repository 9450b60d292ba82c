"""Models of the lab: from-scratch configurations, folders, tokenizers."""
