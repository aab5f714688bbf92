"""Know the common services by their urls, without loading Apprise: their plugins and their default rates."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Literal

from monitor.errors import MonitorError
from monitor.model import Rate
from monitor.secret import Secret

Html = Literal["auto", "on", "off"]  # a channel's `html`: auto sends pages by mail and plain text elsewhere

_WEBHOOK_RATE, _MAIL_RATE = Rate(per_second=10, burst=10), Rate(per_second=10 / 60, burst=10)
_RATES = {
    "console": None, "json": _WEBHOOK_RATE, "jsons": _WEBHOOK_RATE, "mailto": _MAIL_RATE, "mailtos": _MAIL_RATE,
}  # fmt: skip
_DEFAULT_RATE = Rate(per_second=1, burst=3)  # the limit of Slack; few services allow less

# The module and the class in it, below `apprise.plugins`. Apprise itself loads all of its 175 plugins to find one.
PLUGINS = MappingProxyType({
    "discord": ("discord", "NotifyDiscord"),
    "form": ("custom_form", "NotifyForm"),
    "forms": ("custom_form", "NotifyForm"),
    "gchat": ("google_chat", "NotifyGoogleChat"),
    "gotify": ("gotify", "NotifyGotify"),
    "gotifys": ("gotify", "NotifyGotify"),
    "json": ("custom_json", "NotifyJSON"),
    "jsons": ("custom_json", "NotifyJSON"),
    "mailto": ("email", "NotifyEmail"),
    "mailtos": ("email", "NotifyEmail"),
    "matrix": ("matrix", "NotifyMatrix"),
    "matrixs": ("matrix", "NotifyMatrix"),
    "mmost": ("mattermost", "NotifyMattermost"),
    "mmosts": ("mattermost", "NotifyMattermost"),
    "ntfy": ("ntfy", "NotifyNtfy"),
    "ntfys": ("ntfy", "NotifyNtfy"),
    "pover": ("pushover", "NotifyPushover"),
    "signal": ("signal_api", "NotifySignalAPI"),
    "signals": ("signal_api", "NotifySignalAPI"),
    "slack": ("slack", "NotifySlack"),
    "tgram": ("telegram", "NotifyTelegram"),
    "workflows": ("workflows", "NotifyWorkflows"),
    "xml": ("custom_xml", "NotifyXML"),
    "xmls": ("custom_xml", "NotifyXML"),
})  # fmt: skip
COMMON_SCHEMES = frozenset({"console", *PLUGINS})
# Webhooks as their services give them out: the host of an https address, and the scheme of its plugin.
WEBHOOK_HOSTS = MappingProxyType({"hooks.slack.com": "slack", "discord.com": "discord", "discordapp.com": "discord"})


class ChannelUnusable(MonitorError):
    """An error: a url names no usable service; the text shows nothing of the url but its scheme."""

    exit_code = 78


def scheme_of(url: Secret) -> str:
    """Return the part before `://`, or `""`; no other part of a url may be shown."""
    match = re.match(r"\s*([A-Za-z][A-Za-z0-9]{0,19})://", url.reveal())
    return match[1].lower() if match else ""


def rate_of(url: Secret) -> Rate | None:
    """Return the default rate of the service; None: no limit."""
    return _RATES.get(scheme_of(url), _DEFAULT_RATE)


def webhook_scheme(url: Secret) -> str:
    """Return the scheme of the plugin that reads this https address of a common webhook, or `""`."""
    match = re.match(r"\s*https://([^/]+)/", url.reveal(), re.IGNORECASE)
    return WEBHOOK_HOSTS.get(match[1].lower(), "") if match else ""
