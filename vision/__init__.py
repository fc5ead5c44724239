"""Pixels into meaning and meaning into pixels: pure functions over numpy arrays that know no bus.

Start with `codes` (what a picture says; `codes.read` is the way through it) and `labels` (what a shelf label shows);
`wire` turns a label's picture into the bytes that panels take. Colour pictures are uint8 of shape (height, width, 3),
BGR; label pictures are planes of bits, one for each ink (`image`).
"""
