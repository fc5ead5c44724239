"""Codes of the EAN/UPC family, read by synthesis: of all lawful texts, which would look most like this picture?

Start with `decode`. `symbols` says what symbols look like, `model` what they look like through a lens, `search` finds
the best digits and the next best exactly, `fit` where on a line they lie, `line` what of a line may be a symbol.
A line is brightness along the reading direction, averaged along the bars; positions on it are in samples.
"""
