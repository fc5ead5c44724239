"""Boxes round people and goods in a picture."""

from vision.detect.boxes import Box
from vision.detect.detector import Detector

__all__ = ["Box", "Detector"]
