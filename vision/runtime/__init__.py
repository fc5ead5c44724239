"""Models on the device's own CPU: `shelf` finds and checks them, `session` runs them, `picture` makes their input."""

from vision.runtime.session import Model, open_model
from vision.runtime.shelf import SHIPPED, Found, find, found_in

__all__ = ["SHIPPED", "Found", "Model", "find", "found_in", "open_model"]
