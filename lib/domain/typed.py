"""What people type into a field, made fit to be kept."""


def clean_text(text: str, field: str) -> str:
    """The text without NUL and spaces at both ends. Raises ValueError where it is no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{field}: has characters that are not text") from None
    return text.replace("\x00", "").strip()
