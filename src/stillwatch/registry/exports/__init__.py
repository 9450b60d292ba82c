"""The register in machine forms, one file each."""
