"""Screening: does a customer's name, number or domain point to an entry of a register? It never decides, it ranks."""
