"""Sound: assets that people upload and when they play (`schedule`)."""
