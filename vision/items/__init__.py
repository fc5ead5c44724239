"""Goods without a code: what a picture shows, out of what a model knows and a store has taught, or honestly unknown."""

from vision.items.known import Answer, Guess, answer
from vision.items.look import Look, Looker
from vision.items.taught import NotAnItemError, Taught, teach

__all__ = ["Answer", "Guess", "Look", "Looker", "NotAnItemError", "Taught", "answer", "teach"]
