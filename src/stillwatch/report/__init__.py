"""The HTML report: four tables in, one self-contained page out."""
