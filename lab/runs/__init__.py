"""What made every figure of the docs: one script a subject, each resumable in pieces."""
