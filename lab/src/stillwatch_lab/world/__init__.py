"""A made-up world whose truth is known: questions, worked answers, and what a maker's corpus lacks."""
