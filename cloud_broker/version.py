"""The product's version, from the installed distribution."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("aisle")
except PackageNotFoundError:
    VERSION = "0.1.0"
