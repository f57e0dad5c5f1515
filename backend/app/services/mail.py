"""Mail to the user, by a server of their own choice; none is sent unless one is named in the settings."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

from app.exceptions import ExternalAPIError
from app.settings import Settings

_PORTS: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_SECONDS: Final = 30.0


class Mailer:
    """Sends plain text from one address to one other. What it raises or logs never holds the user name or password."""

    def __init__(self, url: str, sender: str, recipient: str) -> None:
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or "localhost"
        self._port = parts.port or _PORTS[parts.scheme]
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password or "")
        self.sender = sender
        self.recipient = recipient

    def send(self, subject: str, text: str) -> None:
        """Hand one message to the server.

        Raises
        ------
        ExternalAPIError : the server is away, refuses the user or the message, or offers no encryption.
        """
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = subject, self.sender, self.recipient
        message.set_content(text)
        place = f"the mail server {self._host}:{self._port}"
        try:
            with self._connected() as server:
                if self._user is not None:
                    server.login(self._user, self._password)
                server.send_message(message)
        except smtplib.SMTPAuthenticationError:
            raise ExternalAPIError(f"{place} refuses the user name or the password") from None
        except smtplib.SMTPNotSupportedError:
            raise ExternalAPIError(f"{place} offers no STARTTLS, or no login; see SMARTTRADER_SMTP_URL") from None
        except smtplib.SMTPRecipientsRefused:
            raise ExternalAPIError(f"{place} refuses the address in SMARTTRADER_MAIL_TO") from None
        except smtplib.SMTPException as error:
            # answers of a server may quote what was sent to it
            raise ExternalAPIError(f"{place} did not take the message: {type(error).__name__}") from None
        except ssl.SSLError as error:
            raise ExternalAPIError(f"{place} has no certificate that can be trusted: {error.reason}") from None
        except OSError as error:
            raise ExternalAPIError(f"{place} does not answer: {error.strerror or error}") from None

    def _connected(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_SECONDS, context=ssl.create_default_context())
        server = smtplib.SMTP(self._host, self._port, timeout=_SECONDS)
        if self._scheme == "smtp+starttls":
            try:
                server.starttls(context=ssl.create_default_context())
            except BaseException:
                server.close()
                raise
        return server


def mailer_of(settings: Settings) -> Mailer | None:
    """The mailer of the settings; None where they name no server, or no address."""
    if settings.smtp_url is None or settings.mail_to is None:
        return None
    return Mailer(settings.smtp_url.get_secret_value(), settings.mail_from or settings.mail_to, settings.mail_to)
