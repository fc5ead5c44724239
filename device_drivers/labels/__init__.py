"""Shelf label radios. `tag` is one label's own state machine, `virtual` a shop full of them behind the port."""
