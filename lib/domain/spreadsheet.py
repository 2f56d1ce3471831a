"""Text for spreadsheets, which take some cells for formulas and run them."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def literal_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; what is no text is left as it is."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
