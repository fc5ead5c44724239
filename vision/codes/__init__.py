"""Codes in pictures, at any angle and in any light, and never the wrong product."""

from vision.codes.code import Code, gtin_of, printed_as
from vision.codes.read import read_codes

__all__ = ["Code", "gtin_of", "printed_as", "read_codes"]
