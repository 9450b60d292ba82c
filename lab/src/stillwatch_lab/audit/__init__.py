"""What a student took over from its teacher, and what it lost."""
