"""A mail as a plugin built it → the same mail with our text and our page as its two readings."""

from __future__ import annotations

_REPLACED = frozenset({"content-type", "content-transfer-encoding", "mime-version"})


def with_readings(mail: str, *, text: str, page: str) -> str:
    """Every header of it stays; a mail that is signed, encrypted or otherwise composed stays as it is, whole.

    A plugin would make the text out of the page and lose what the text is good at: lines, and where they start.
    """
    from email import message_from_string
    from email.mime.multipart import MIMEMultipart
    from email.mime.text import MIMEText

    built = message_from_string(mail)
    if built.get_content_type() not in ("text/plain", "multipart/alternative"):
        return mail
    readings = [MIMEText(text, "plain", "utf-8"), MIMEText(page, "html", "utf-8")]  # the best one last: RFC 2046, 5.1.4
    both = MIMEMultipart("alternative", _subparts=readings)
    for name, value in built.items():
        if name.lower() not in _REPLACED:
            both[name] = value
    return both.as_string()
