"""One message to the team's chat, whichever that is: Apprise knows how to reach it."""

import logging

from lib.notify.smtp import TryAgain

_REASON_LIMIT = 500


def send(url: str, text: str) -> None:
    """Hands the text over as plain text. Raises TryAgain, which says what the chat said.

    Whatever goes wrong may be mended at the chat or in CHAT_URL, so nothing is refused for good.
    """
    import apprise  # brings a hundred services along; only a worker that has a message needs it

    chat = apprise.Apprise()
    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:
        if not chat.add(url):
            raise TryAgain("CHAT_URL is no address that Apprise knows.")
        taken = chat.notify(body=text, body_format=apprise.NotifyFormat.TEXT)
        reason = " ".join(said.getvalue().split())
    if not taken:
        raise TryAgain(f"The chat did not take it: {reason or 'no reason given'}"[:_REASON_LIMIT])
