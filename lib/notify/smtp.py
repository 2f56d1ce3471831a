"""One mail to one SMTP server: accepted, to be tried again, or refused for good."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

TIMEOUT_SECONDS = 20.0  # for each answer of the server


class TryAgain(Exception):
    """The mail was not accepted, for a reason that may pass or can be mended here."""


class Refused(Exception):
    """The server will never take this mail for this recipient."""


@dataclass(frozen=True)
class MailServer:
    """Where mail goes. `security` is `none`, `starttls` or `tls`."""

    host: str
    port: int
    security: str
    user: str
    password: str

    def __repr__(self) -> str:  # a password has no business in a log
        return f"MailServer({self.host}:{self.port}, {self.security})"


def mail_server(url: str) -> MailServer:
    """The server that a checked SMTP_URL names."""
    parts = urlsplit(url)
    asked = parse_qs(parts.query).get("tls", ["none"])[0]
    security = "tls" if parts.scheme == "smtps" else asked
    usual = {"tls": 465, "starttls": 587}.get(security, 25)
    return MailServer(
        parts.hostname or "",
        parts.port or usual,
        security,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def send(server: MailServer, mail: EmailMessage, sender: str, to: str, own_name: str) -> None:
    """Hands the mail over. Raises TryAgain, Refused; either says what the server said.

    What the server refuses because of us (our sign-in, our address) is TryAgain: it is the settings
    that are wrong, not the mail.
    """
    try:
        with _connected(server, own_name) as connection:
            connection.send_message(mail, from_addr=sender, to_addrs=[to])
    except smtplib.SMTPRecipientsRefused as error:
        code, said = error.recipients.get(to) or next(iter(error.recipients.values()))
        raise _failure(code, said) from None
    except smtplib.SMTPDataError as error:
        raise _failure(error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPNotSupportedError as error:
        if error.args and "SMTPUTF8" in str(error.args[0]):
            raise Refused("The mail server takes no addresses beyond ASCII.") from None
        raise TryAgain(f"The mail server does not know what is asked of it: {error}") from None
    except smtplib.SMTPResponseException as error:
        raise TryAgain(_told(error.smtp_code, error.smtp_error)) from None
    except (smtplib.SMTPException, OSError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise TryAgain(f"The mail server cannot be reached: {reason}") from None


def _connected(server: MailServer, own_name: str) -> smtplib.SMTP:
    at = (server.host, server.port, own_name)
    context = ssl.create_default_context()
    if server.security == "tls":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(*at, timeout=TIMEOUT_SECONDS, context=context)
    else:
        connection = smtplib.SMTP(*at, timeout=TIMEOUT_SECONDS)
    try:
        if server.security == "starttls":
            connection.starttls(context=context)
        if server.user:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _failure(code: int, said: bytes | str) -> TryAgain | Refused:
    return (Refused if 500 <= code < 600 else TryAgain)(_told(code, said))


def _told(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"The mail server answered {code}: {' '.join(text.split())}"[:500]
