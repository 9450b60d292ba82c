"""The decision service in the words of gateways that people already run: one file each."""
