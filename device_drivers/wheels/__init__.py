"""Wheel encoders of a cart: ticks of two wheels into the way it went and its heading."""
