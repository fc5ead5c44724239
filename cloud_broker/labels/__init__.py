"""Shelf labels as the cloud sees them: where they hang, what they proved (`plan`)."""
