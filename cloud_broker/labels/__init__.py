"""Shelf labels as the cloud sees them: where they hang and what they proved (`plan`), whose they are (`pairing`)."""
