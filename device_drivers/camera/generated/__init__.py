"""Frames as a cart's camera sees them, with what is in them: for benchmarks, and for judges with seeds of their own.

`ranges` says from which ranges everything is drawn, `faces` prints packs, `pose` holds them before the camera,
`capture` is lens and sensor, `frames` puts it together, `passes` moves a pack through the picture.
A picture made by a program flatters whoever wrote it: figures on photographs stand beside those on frames.
"""
