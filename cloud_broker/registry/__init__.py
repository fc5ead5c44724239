"""The registry: who exists (`devices`), how one comes in (`claims`, `authority`),
what it is told (`desired`, `orders`).
"""
