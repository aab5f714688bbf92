"""Replace the body of a mail that a plugin built by our plain text and our HTML page."""

from __future__ import annotations

_REPLACED = frozenset({"content-type", "content-transfer-encoding", "mime-version"})


def with_alternatives(mail: str, *, text: str, page: str) -> str:
    """Return the mail with all its headers and both bodies; one that is signed, encrypted or mixed stays as it is.

    A plugin would derive the text from the page and lose the lines, and where they start.
    """
    from email import message_from_string
    from email.mime.multipart import MIMEMultipart
    from email.mime.text import MIMEText

    built = message_from_string(mail)
    if built.get_content_type() not in ("text/plain", "multipart/alternative"):
        return mail
    bodies = [MIMEText(text, "plain", "utf-8"), MIMEText(page, "html", "utf-8")]  # the best one last: RFC 2046, 5.1.4
    both = MIMEMultipart("alternative", _subparts=bodies)
    for name, value in built.items():
        if name.lower() not in _REPLACED:
            both[name] = value
    return both.as_string()
