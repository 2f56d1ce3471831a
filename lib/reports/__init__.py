"""A `Statement` to the PDF that finance is given at the end of a month (FR1.2.2)."""

from lib.reports.statement import render

__all__ = ["render"]
