"""Codes in pictures, at any angle and in any light, and never the wrong product."""

from vision.codes.code import Code, Doubt, Sight, gtin_of, printed_as
from vision.codes.read import look, read_codes

__all__ = ["Code", "Doubt", "Sight", "gtin_of", "look", "printed_as", "read_codes"]
