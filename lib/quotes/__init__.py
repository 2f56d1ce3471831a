"""A `Quote` to the PDF that a client or a manager is given (FR1.2.1)."""

from lib.quotes.pdf import render

__all__ = ["render"]
