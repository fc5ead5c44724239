"""Pixels into meaning and meaning into pixels: pure functions over numpy arrays that know no bus.

Start with `codes` (what a picture says) and `labels` (what a shelf label shows, drawn by `layout`); `pack`
turns a label's image into the bytes that its radio carries. Colour pictures are uint8 of shape (height, width, 3), BGR;
label images are bool of shape (height, width), True is black.
"""
