"""Say how the address of a common service is written, for one that was cut short or copied from a wrong place."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from monitor.secret import Secret


class _Webhook(NamedTuple):
    """What the address of a webhook is made of, as its service gives it out."""

    host: str  # a pattern
    service: str
    start: str  # of its path
    length: int  # the number of parts that follow
    form: str


_SLACK = "https://hooks.slack.com/services/T…/B…/…"
_DISCORD = "https://discord.com/api/webhooks/ID/TOKEN"
_TELEGRAM = "tgram://BOT-TOKEN/CHAT, where a group has a negative number"
_MAIL = "mailtos://USER:PASSWORD@SERVER/?from=USER@HOST&to=NAME@HOST"
_TEAMS = "make a workflow 'Post to a channel when a webhook request is received' and copy its address"

# How each service is written in a configuration, by scheme.
_BY_SCHEME = {
    "slack": f"a Slack webhook has three parts: write {_SLACK}, or slack://T…/B…/…",
    "discord": f"a Discord webhook has an id and a token: write {_DISCORD}, or discord://ID/TOKEN",
    "tgram": f"a Telegram address has the token of a bot and a chat: write {_TELEGRAM}",
    "telegram": f"a Telegram address has another scheme: write {_TELEGRAM}",
    "ntfy": "an ntfy address has a topic: write ntfys://ntfy.sh/TOPIC, or the name of your own server",
    "ntfys": "an ntfy address has a topic: write ntfys://ntfy.sh/TOPIC, or the name of your own server",
    "mailto": f"a mail address has a server, a sender and one recipient: write {_MAIL}",
    "mailtos": f"a mail address has a server, a sender and one recipient: write {_MAIL}",
    "smtp": f"mail has another scheme: write {_MAIL}",
    "smtps": f"mail has another scheme: write {_MAIL}",
    "gotify": "a Gotify address has the token of an application: write gotifys://SERVER/TOKEN",
    "gotifys": "a Gotify address has the token of an application: write gotifys://SERVER/TOKEN",
    "mmost": "a Mattermost webhook has a key: write mmosts://SERVER/KEY, or https://SERVER/hooks/KEY",
    "mmosts": "a Mattermost webhook has a key: write mmosts://SERVER/KEY, or https://SERVER/hooks/KEY",
    "workflows": "a Teams workflow has an id and a signature: write workflows://HOST:443/WORKFLOW/SIGNATURE",
    "gchat": "a Google Chat webhook has a space, a key and a token: write gchat://SPACE/KEY/TOKEN",
}
# What to write in place of a web address that its service gives out, by host; the first pattern that fits is used.
_BY_HOST = (
    (r"hooks\.slack\.com", f"an incoming webhook of Slack is written {_SLACK}: make one, and copy it whole"),
    (r"(.+\.)?slack\.com", f"this is a page of Slack: make an incoming webhook, and write {_SLACK}"),
    (
        r"(.+\.)?(discord|discordapp)\.com|discord\.gg",
        f"make a webhook in the channel's settings, and write {_DISCORD}",
    ),
    (r"(.+\.)?telegram\.(org|me)|t\.me", f"a Telegram bot is written {_TELEGRAM}"),
    (r".+\.webhook\.office\.com", f"this connector of Teams is incomplete, and Microsoft ends them: {_TEAMS}"),
    (r"teams\.(microsoft|live)\.com", f"this is a page of Teams: {_TEAMS}"),
    (r".+\.logic\.azure\.com|.+\.powerplatform\.com", f"this address of a workflow is not complete: {_TEAMS}"),
    (r"chat\.google(apis)?\.com", "a webhook of Google Chat ends in key=…&token=…: copy it whole"),
    (r"ntfy\..+", "an ntfy server of your own is written ntfys://SERVER/TOPIC"),
)
_WEBHOOK = "no service is known by this web address: for a webhook of your own write json{s}:// in place of http{s}://"
_WEBHOOKS = (
    _Webhook(r"hooks\.slack\.com", "Slack", "/services/", 3, _SLACK),
    _Webhook(r"(discord|discordapp)\.com", "Discord", "/api/webhooks/", 2, _DISCORD),
)
_NUMBERS = ("none", "one", "two", "three")
_COMPLETE = re.compile(
    r"https://(hooks\.slack\.com/services/\w+/\w+/\w+|(discord|discordapp)\.com/api/webhooks/[0-9]+/[\w-]+)/?"
)


def is_complete(url: Secret) -> bool:
    """Return whether this is the whole address of a webhook as Slack or Discord gives it out."""
    return _COMPLETE.fullmatch(url.reveal()) is not None


def missing_part(url: Secret) -> str | None:
    """Return what an address lacks that its plugin would accept and could not rely on; None: nothing."""
    parts = urlsplit(url.reveal())
    is_telegram = parts.scheme.lower() == "tgram"
    has_chat = any(parts.path.split("/")) or "to=" in parts.query or parts.fragment
    return None if not is_telegram or has_chat else _BY_SCHEME["tgram"]


def form_of(url: Secret) -> str | None:
    """Return how the service of an unusable address is written, without a part of it; None: it is no common one."""
    try:
        parts = urlsplit(url.reveal())
        scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    except ValueError:  # brackets without an IPv6 address
        return None
    if scheme not in ("http", "https"):
        return _BY_SCHEME.get(scheme)
    cut = (_cut_short(parts.path, webhook) for webhook in _WEBHOOKS if re.fullmatch(webhook.host, host))
    known = (form for pattern, form in _BY_HOST if re.fullmatch(pattern, host))
    return next(cut, None) or next(known, _WEBHOOK.replace("{s}", "s" if scheme == "https" else ""))


def _cut_short(path: str, webhook: _Webhook) -> str | None:
    """Return how many parts a webhook lacks, or has too many; None: it is no webhook, or has them all."""
    given = [part for part in path.removeprefix(webhook.start).split("/") if part]
    if not f"{path}/".startswith(webhook.start) or len(given) == webhook.length:
        return None
    has = _NUMBERS[len(given)] if len(given) < len(_NUMBERS) else len(given)
    parts = f"a {webhook.service} webhook has {_NUMBERS[webhook.length]} parts after {webhook.start}"
    return f"{parts}, and this one has {has}: copy it whole, as in {webhook.form}"
