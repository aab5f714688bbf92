"""Real Apprise services that speak to servers of the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from monitor.notify.apprise_channel import AppriseChannel, build
from monitor.notify.schemes import Html
from monitor.secret import Secret
from tests.notify.facts import note
from tests.servers import Answer, HttpServer, closed_port, http_server, smtp_server

CANARY = "cAnArYt0KeN"
SLACK = f"slack://T1JJ3T3L2/A1BRTD4JD/{CANARY}dnlazkcOXrIde"
PING = note("a test", "test")


def webhook(port: int, options: str = "rto=20", scheme: str = "json") -> AppriseChannel:
    return AppriseChannel("hook", build(Secret(f"{scheme}://127.0.0.1:{port}/{CANARY}?cto=5&{options}")))


def mailbox(port: int, *, html: Html = "auto", options: str = "", timeout: float = 5) -> AppriseChannel:
    address = f"from=monitor@example.org&to=desk@example.org&mode=insecure&cto={timeout}{options}"
    return AppriseChannel("desk", build(Secret(f"mailto://127.0.0.1:{port}/?{address}")), html=html)


def slack(server: HttpServer) -> AppriseChannel:
    service = build(Secret(SLACK))
    service.webhook_url = server.url
    return AppriseChannel("team", service)


def discord(server: HttpServer) -> AppriseChannel:
    service = build(Secret(f"discord://4174216298/{CANARY}_jHdmzTAllyjQEAzPe8pbyPqU7Wh"))
    service.notify_url = f"{server.url}/api/webhooks"
    return AppriseChannel("guild", service)


def mattermost(server: HttpServer) -> AppriseChannel:
    return AppriseChannel("town", build(Secret(f"mmost://127.0.0.1:{server.port}/{CANARY}dnlazkcOXrIdevi7?rto=20")))


def telegram(server: HttpServer) -> AppriseChannel:
    service = build(Secret(f"tgram://123456789:{CANARY}_hijklmnop/12315544"))
    service.notify_url = f"{server.url}/bot"
    return AppriseChannel("chat", service)


@contextmanager
def failing(kind: str) -> Iterator[AppriseChannel]:
    """A channel to a server that fails in one way."""
    match kind:
        case "refused":
            yield webhook(closed_port())
        case "slack":
            with http_server(Answer(status=403, body=CANARY.encode())) as server:
                yield slack(server)
        case "smtp":
            with smtp_server(on_rcpt=f"550 {CANARY}") as mail:
                yield mailbox(mail.port)
        case "timeout":
            with http_server(Answer(is_hanging=True)) as server:
                yield webhook(server.port, "rto=0.2")
        case "reset":
            with http_server(Answer(is_reset=True)) as server:
                yield webhook(server.port)
        case _:
            headers = {"Location": f"/{CANARY}", "Retry-After": CANARY}
            with http_server(Answer(status=int(kind), body=CANARY.encode(), headers=headers)) as server:
                yield webhook(server.port)
