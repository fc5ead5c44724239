"""Cameras. `opencv` is a real one or a recording, `virtual` draws what stands before it in the virtual world."""
