"""Baskets: what carts asked about what went in, and what goods weigh by all that carts have weighed."""
