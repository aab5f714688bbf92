"""Shape a mail: its two bodies, and the headers that join it to other mails about the same releases."""

from __future__ import annotations

import re
from hashlib import sha256
from itertools import islice

from monitor.model import Message

_DOMAIN = "press-monitor.localhost"
_MAX_REFERENCES = 20  # mail programs drop or cut a longer header
_SUBJECT = re.compile(r"^Subject: (.*(?:\n[ \t].*)*)", re.MULTILINE)
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
        return with_folded_subject(mail)
    bodies = [MIMEText(text, "plain", "utf-8"), MIMEText(page, "html", "utf-8")]  # the best one last: RFC 2046, 5.1.4
    both = MIMEMultipart("alternative", _subparts=bodies)
    for name, value in built.items():
        if name.lower() not in _REPLACED:
            both[name] = value
    return with_folded_subject(both.as_string())


def list_headers(channel: str) -> dict[str, str]:
    """Return headers that mail rules can tell the mails of a channel by."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", channel).strip("-") or "channel"
    return {"List-Id": f"<{name}.{_DOMAIN}>", "Auto-Submitted": "auto-generated"}


def thread_headers(message: Message, store: str) -> dict[str, str]:
    """Return headers that make all mails about a release one conversation; none for a message without releases.

    They name a mail for each release that was never sent, so a mail program needs none of the earlier ones.
    store: the identity of the store whose numbers the releases have.
    """
    place = sha256(store.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    releases = dict.fromkeys(item.release for item in message.items)
    named = [f"<release-{number}.{place}@{_DOMAIN}>" for number in islice(releases, _MAX_REFERENCES)]
    folded = "\n ".join(named)  # plugins fold no header, and a mail server refuses a line of 1,000 characters
    return {"In-Reply-To": named[0], "References": folded} if named else {}


def with_folded_subject(mail: str) -> str:
    """Return the mail with a subject in encoded words of at most 75 characters (RFC 2047, 2).

    A plugin writes a single word: a Korean title makes a line that mail servers refuse.
    """
    from email.header import Header, decode_header, make_header

    head, end, rest = mail.partition("\n\n")
    found = _SUBJECT.search(head)
    if found is None or len(found[0]) <= 76:
        return mail
    subject = Header(str(make_header(decode_header(found[1]))), "utf-8", header_name="Subject").encode()
    return f"{head[: found.start(1)]}{subject}{head[found.end() :]}{end}{rest}"
