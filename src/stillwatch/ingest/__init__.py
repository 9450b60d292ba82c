"""Others' logs to calls, text to fingerprints."""
