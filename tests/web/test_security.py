"""Who may do what on the page, over raw sockets: other sites, other names, wrong passwords."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from monitor.config import WebOptions, load
from monitor.secret import Secret
from monitor.web.guard import HEADERS
from monitor.web.logins import IN_ALL, PER_ADDRESS, WINDOW, Credentials, Logins
from monitor.web.passwords import is_password, password_line
from monitor.web.security import Security
from monitor.web.tokens import token
from tests.web.raw import DEADLINE, RawAnswer, ask, connected, request, serving
from tests.web.site import CONFIG, filled, served

OPEN = WebOptions(address=("127.0.0.1", 9878), url=None, hosts=frozenset(("press.lan",)), users={}, anonymous="all")
RIGHT = "한글: geheim"
KIM = {"kim": Secret("a line")}
STRANGER = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors", "sec_fetch_dest": "image"}


def options(**changed: Any) -> WebOptions:
    values = {name: getattr(OPEN, name) for name in WebOptions.__slots__}
    return WebOptions(**values | changed)


def basic(name: str = "kim", password: str = RIGHT) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def is_right(password: str, line: str) -> bool:
    return (password, line) == (RIGHT, "a line")


def show(request: Request) -> PlainTextResponse:
    scope = request.scope
    return PlainTextResponse(f"{scope['root_path']}|{scope['path']}|{request.state.user}")


@contextmanager
def secured(given: WebOptions = OPEN, **more: Any) -> Iterator[int]:
    app = Starlette(routes=[Route("/{path:path}", show, methods=["GET", "POST"])])
    with serving(Security(app, lambda: given, **{"logins": Logins(check=is_right), **more})) as port:
        yield port


def refusals(rows: list[tuple[bytes, int]], given: WebOptions = OPEN, **more: Any) -> list[tuple[int, bytes]]:
    """The statuses that are not as expected, with what was asked."""
    with secured(given, **more) as port:
        return [(found, sent) for sent, status in rows if (found := ask(port, sent).status) != status]


def test_only_its_own_names_are_answered() -> None:
    given = options(url="https://press.example.org/monitor/", hosts=frozenset(("press.lan", "press.example.org")))
    good = ("127.0.0.1", "127.0.0.1:9878", "[::1]:9878", "10.0.0.7", "LOCALHOST:1", "press.lan.", "Press.Example.org")
    bad = (
        "evil.example",
        "evil.example:9878",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "2130706433",
        "0x7f.1",
    )
    broken = ("", "a b", "a@localhost", "localhost:", "localhost:x", "[::1", "[evil]", "localhost/", "한국")
    rows = [(request(host=name), 200) for name in good] + [(request(host=name), 421) for name in bad]
    rows += [(request(host=name), 400) for name in broken]
    assert refusals([*rows, (b"GET / HTTP/1.0\r\n\r\n", 400)], given) == []


def test_a_name_that_is_not_answered_is_told_the_key_to_set() -> None:
    with secured() as port:
        assert b"add it to web.hosts" in ask(port, request(host="evil.example")).body


def test_an_action_is_only_taken_from_the_page_itself() -> None:
    given = options(url="https://press.example.org/monitor/")
    good: list[dict[str, str]] = [
        {},
        {"sec_fetch_site": "same-origin", "origin": "http://localhost"},
        {"sec_fetch_site": "none"},
        {"origin": "http://localhost"},
        {"origin": "https://localhost"},
        {"origin": "http://press.lan:9878", "host": "press.lan:9878"},
        {"origin": "https://press.example.org"},
    ]
    bad: list[dict[str, str]] = [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site", "origin": "http://localhost"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"},
        {"origin": "null"},
        {"origin": "null", "host": "null.example"},
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:1"},
        {"origin": "http://localhost@evil.example"},
        {"origin": "localhost"},
        {"origin": ""},
    ]
    rows = [(request("POST", "/", b"a=b", **headers), 200) for headers in good]
    bad[4].pop("host")
    rows += [(request("POST", "/", b"a=b", **headers), 403) for headers in bad]
    assert refusals(rows, given) == []


def test_another_site_may_link_here_and_load_nothing() -> None:
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    rows = [
        (request(**link), 200),
        (request(**link | {"sec_fetch_site": "same-site"}), 200),
        (request(**STRANGER | {"sec_fetch_site": "same-origin"}), 200),
        (request(**STRANGER | {"sec_fetch_site": "none"}), 200),
        (request(**STRANGER), 403),
        (request("HEAD", **STRANGER), 403),
        (request(**STRANGER | {"sec_fetch_site": "same-site"}), 403),
        (request(**link | {"sec_fetch_dest": "iframe"}), 403),
        (request(**link | {"sec_fetch_mode": "cors", "sec_fetch_dest": "empty"}), 403),
        (request(sec_fetch_site="cross-site"), 403),
    ]
    assert refusals(rows) == []


def test_without_a_password_nothing_is_shown_and_with_one_everything_is() -> None:
    given = options(users=KIM, anonymous="none")
    rows = [
        *((request(method, path), 401) for method in ("GET", "POST") for path in ("/", "/static/a.css", "/nothing")),
        *(
            (request(authorization=bad), 401)
            for bad in ("", "Basic", "Bearer x", "Basic !", "Basic a2lt", "Basic /w==")
        ),
        (request(authorization=basic("kim", "")), 401),
        (request(authorization=basic("lee")), 401),
        (request(authorization=basic("")), 401),
        (request(authorization=basic("kim\0")), 401),
        (request(authorization=basic()), 200),
        (request("POST", authorization=basic()), 200),
        (request("POST", authorization=basic(), origin="null"), 403),
    ]
    assert refusals(rows, given) == []


def test_a_refusal_says_how_to_log_in_and_has_all_headers() -> None:
    with secured(options(users=KIM, anonymous="none")) as port:
        answer = ask(port, request())
        assert ask(port, request(authorization=basic())).body == b"|/|kim"
    assert answer.headers["www-authenticate"] == 'Basic realm="monitor", charset="UTF-8"'
    assert answer.headers.items() >= {name.lower(): value for name, value in HEADERS.items()}.items()


def test_visitors_who_may_read_may_not_act() -> None:
    rows = [
        (request(), 200),
        (request("HEAD"), 200),
        (request("POST"), 401),
        (request("POST", authorization=basic()), 200),
    ]
    assert refusals(rows, options(users=KIM, anonymous="read")) == []
    assert refusals([(request(), 200), (request("POST"), 403)], options(anonymous="read")) == []


def test_a_page_that_only_shows_takes_no_action_from_anybody() -> None:
    rows = [(request(), 200), (request("POST"), 403), (request("POST", "/api/v1/reload"), 403)]
    assert refusals(rows, is_read_only=True) == []
    rows = [(request("POST", authorization=basic()), 403)]
    assert refusals(rows, options(users=KIM, anonymous="none"), is_read_only=True) == []


def test_a_token_lets_a_reader_in_where_a_password_is_needed() -> None:
    def token_user(path: str, query: bytes, users: Collection[str]) -> str | None:
        return "kim" if (path, query) == ("/feeds/a.atom", b"token=1") and "kim" in users else None

    rows = [
        (request("GET", "/feeds/a.atom?token=1"), 200),
        (request("GET", "/m/feeds/a.atom?token=1"), 200),
        (request("HEAD", "/feeds/a.atom?token=1"), 200),
        (request("POST", "/feeds/a.atom?token=1"), 401),
        (request("GET", "/feeds/b.atom?token=1"), 401),
        (request("GET", "/feeds/a.atom"), 401),
    ]
    given = options(users=KIM, anonymous="none", url="https://localhost/m/")
    assert refusals(rows, given, token_user=token_user) == []
    assert (
        refusals([(rows[0][0], 401)], options(users={"lee": KIM["kim"]}, anonymous="none"), token_user=token_user) == []
    )


def test_the_prefix_of_the_address_is_taken_off_whether_or_not_a_proxy_has() -> None:
    with secured(options(url="https://press.lan/monitor/")) as port:
        answers = [ask(port, request("GET", path)).body for path in ("/monitor/a", "/a", "/monitor", "/monitored")]
    assert answers == [b"/monitor|/a|None", b"/monitor|/a|None", b"/monitor|/|None", b"/monitor|/monitored|None"]


def test_rest_is_refused_with_an_error_object() -> None:
    with secured(options(users=KIM, anonymous="none")) as port:
        answer = ask(port, request("GET", "/api/v1/events"))
    assert (answer.status, answer.headers["content-type"]) == (401, "application/json")
    assert answer.body.startswith(b'{"schema_version":1,"error":{"code":1,"message":"a name and a password')
    with secured(options(url="https://localhost/monitor/")) as port:
        answer = ask(port, request("DELETE", "/monitor/api/v1/events"))
    assert (answer.status, answer.headers["content-type"]) == (405, "application/json")


def test_a_right_password_is_checked_once_and_a_wrong_one_each_time() -> None:
    checked: list[str] = []

    def check(password: str, line: str) -> bool:
        checked.append(password)
        return is_right(password, line)

    with secured(options(users=KIM, anonymous="none"), logins=Logins(check=check)) as port:
        for password in (RIGHT, "wrong", RIGHT, "wrong"):
            ask(port, request(authorization=basic(password=password)))
    assert checked == [RIGHT, "wrong", "wrong"]


def test_a_password_that_is_replaced_or_removed_is_accepted_no_longer() -> None:
    lines = dict(KIM)
    with secured(options(users=lines, anonymous="none")) as port:
        sent = request(authorization=basic())
        assert ask(port, sent).status == 200
        lines["kim"] = Secret("another line")
        assert ask(port, sent).status == 401
        lines["kim"] = KIM["kim"]
        assert ask(port, sent).status == 200
        lines["lee"] = lines.pop("kim")
        assert ask(port, sent).status == 401


def test_an_unknown_name_costs_as_much_as_a_wrong_password() -> None:
    costs: list[str] = []

    def check(password: str, line: str) -> bool:
        costs.append(line)
        return is_password(password, line)

    given = options(users={"kim": Secret(password_line("right"))}, anonymous="none")
    with secured(given, logins=Logins(check=check)) as port:
        answers = [ask(port, request(authorization=basic(*who))).status for who in (("lee", "right"), ("kim", "wrong"))]
        assert ask(port, request(authorization=basic("kim", "right"))).status == 200
    assert answers == [401, 401]
    assert [line.split("$")[:4] for line in costs] == [["scrypt", "16384", "8", "1"]] * 3


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_wrong_passwords_are_limited_by_address_and_logged_in_people_go_on(caplog: pytest.LogCaptureFixture) -> None:
    clock, checked = Clock(), list[str]()

    def check(password: str, line: str) -> bool:
        checked.append(password)
        return is_right(password, line)

    with secured(options(users=KIM, anonymous="none"), logins=Logins(seconds=clock, check=check)) as port:
        assert ask(port, request(authorization=basic())).status == 200
        flood = [
            request(authorization=basic(password=f"guess {number}"), x_forwarded_for=f"10.0.0.{number}")
            for number in range(40)
        ]
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda sent: ask(port, sent).status, flood))
        assert (statuses.count(401), statuses.count(429)) == (PER_ADDRESS, 40 - PER_ADDRESS)
        assert len(checked) == 1 + PER_ADDRESS
        assert ask(port, request(authorization=basic())).status == 200, "whoever is logged in is served"
        refused = ask(port, request(authorization=basic(password="one more")))
        assert (refused.status, refused.headers["retry-after"]) == (429, str(int(WINDOW)))
        clock.now += WINDOW
        assert ask(port, request(authorization=basic(password="one more"))).status == 401
    assert [record.getMessage() for record in caplog.records] == ["web_login_failed"] * (PER_ADDRESS + 1)
    assert "guess" not in caplog.text


def test_wrong_passwords_are_limited_in_all() -> None:
    async def waits() -> list[int]:
        logins, given = Logins(seconds=Clock(), check=is_right), Credentials("kim", "wrong")
        found = [await logins.login(given, KIM, address=f"10.0.0.{number}") for number in range(IN_ALL + 2)]
        return [login.wait for login in found]

    assert asyncio.run(waits()) == [0] * IN_ALL + [int(WINDOW)] * 2


def test_one_password_is_checked_at_a_time_while_pages_are_served() -> None:
    running, most, begun, may_end = 0, [0], threading.Event(), threading.Event()

    def check(_password: str, _line: str) -> bool:
        nonlocal running
        running += 1
        most.append(running)
        begun.set()
        may_end.wait(DEADLINE)
        running -= 1
        return False

    with secured(options(users=KIM, anonymous="read"), logins=Logins(check=check)) as port:
        clients = [connected(port) for _ in range(5)]
        for client in clients:
            client.sendall(request(authorization=basic()))
        assert begun.wait(DEADLINE)
        assert ask(port, request()).status == 200
        may_end.set()
        answers = [client.makefile("rb").read() for client in clients]
        for client in clients:
            client.close()
    assert max(most) == 1
    assert all(b" 401 " in answer for answer in answers)


def test_a_token_opens_one_feed_of_the_real_page_until_its_user_is_removed(tmp_path: Path) -> None:
    file = filled(tmp_path) / "config.yaml"
    line = password_line("right")
    web = "web: {listen: '127.0.0.1:0', anonymous: none, users: {lee: '%s'%s}}\n"
    file.write_text(CONFIG + web % (line, f", kim: '{line}'"), "utf-8")
    with served(file) as site:
        given = token(site.site.config.state, "kim", "/feeds/watchlists/fta.atom")
        own = request("GET", f"/feeds/watchlists/fta.atom?token={given}")
        assert ask(site.port, own).status not in (401, 403)
        others = ("/feeds/watchlists/semiconductor.atom", "/feeds/events.atom", "/", "/alerts", "/api/v1/events")
        assert [ask(site.port, request("GET", f"{path}?token={given}")).status for path in others] == [401] * 5
        file.write_text(CONFIG + web % (line, ""), "utf-8")
        site.site.config = load(file)
        assert ask(site.port, own).status == 401


def test_the_real_page_is_behind_all_of_this(tmp_path: Path) -> None:
    with served(filled(tmp_path) / "config.yaml") as site:
        rows: list[tuple[bytes, int]] = [
            (request(), 200),
            (request(host="evil.example"), 421),
            (request("GET", "/nothing"), 404),
            (request("GET", "/static/..%2f..%2fsite.py"), 404),
            (request("GET", "/static/%2e%2e/site.py"), 404),
            (request("GET", "/static/..%5csite.py"), 404),
            (request("GET", "//evil.example/"), 404),
            (request("GET", "/alerts/"), 404),
            (request("POST"), 405),
        ]
        answers: list[tuple[RawAnswer, int]] = [(ask(site.port, sent), status) for sent, status in rows]
    assert [answer.status for answer, _ in answers] == [status for _, status in rows]
    for answer, _ in answers:
        assert answer.headers.items() >= {name.lower(): value for name, value in HEADERS.items()}.items()
