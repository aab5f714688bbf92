"""A canary in every channel's url: whatever fails, it stands in no output, no log and no file of the state folder."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from tests.end_to_end.harness import Project, record
from tests.servers import Answer, closed_port, http_server, smtp_server

CANARY = "Ka4narieN"
ANSWERS = {
    "accepted": Answer(),
    "redirected": Answer(status=302, headers={"Location": f"http://127.0.0.1/{CANARY}"}),
    "refused": Answer(status=400, body=CANARY.encode()),
    "locked": Answer(status=401, body=CANARY.encode()),
    "busy": Answer(status=503, headers={"Retry-After": "60"}, body=CANARY.encode()),
    "cut": Answer(is_reset=True),
}


COMMANDS = (
    ["run", "--once", "--log-format", "json"],
    ["status", "--json"],
    ["channels", "--json"],
    ["alerts", "--json"],
    ["events", "--json"],
    ["check"],
    ["channels", "test", "locked"],
    ["channels", "test", "mail"],
)


def test_a_secret_stays_where_it_was_put(tmp_path: Path) -> None:
    with ExitStack() as stack:
        ports = {how: stack.enter_context(http_server(answer)).port for how, answer in ANSWERS.items()}
        ports["away"] = closed_port()
        secrets = {
            how: f"json://me:{CANARY}@127.0.0.1:{port}/{CANARY}?+X-Token={CANARY}" for how, port in ports.items()
        }
        smtp = stack.enter_context(smtp_server(on_data="554 no")).port
        secrets["mail"] = f"mailto://127.0.0.1:{smtp}/?from=a@example.org&to={CANARY}@example.org&mode=insecure"
        project = Project(tmp_path / "p", config=config(secrets))
        project.drop("a.txt", record("FTA talks held", "Delegations met in Seoul on Monday."))
        told = [project.run(*command, env=secrets) for command in COMMANDS]
    states = {row["channel"]: row["state"] for row in told[3].rows() if row["kind"] == "instant"}
    assert states == {
        "accepted": "sent",
        "redirected": "pending",
        "refused": "dead",
        "locked": "pending",
        "busy": "pending",
        "cut": "pending",
        "away": "pending",
        "mail": "dead",
    }
    assert [done for done in told if CANARY in done.out + done.err] == []
    assert [path for path in (project.folder / "state").iterdir() if CANARY.encode() in path.read_bytes()] == []


def config(names: Iterable[str]) -> str:
    channels = "\n".join(f'  {name}: {{url: "${{{name}}}"}}' for name in names)
    rest = "state: state/\nsources: {motie: {path: seeds/}}\nwatchlists: {fta: {keywords: [FTA]}}\n"
    return f"{rest}channels:\n{channels}\n"
