"""Shelf labels: a template and what a product says, drawn into a picture for a panel.

Start with `template` (what people write), then `render`: it draws, and decodes every code from the final pixels.
"""
