"""A feed that is fetched again and again: real processes, and what they tell of it."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.harness import Project

CONFIG = """
timezone: Asia/Seoul
state: state/
sources:
  harbour: {path: seeds/, format: rss}
channels:
  hook: {url: "console://", rate: 1000/s, max_per_hour: 0}
watchlists:
  fta: {keywords: [FTA, tariff]}
watch: {settle: 100ms, rescan: 1s, partial_grace: 1m}
"""
TALKS = (
    "Delegations of both ministries met in Seoul on Monday and spoke of %d tariff lines. They will meet in autumn "
    "to settle what is left of the rules of origin, and to hear what the harbours of the south have to say about it."
)


def feed(*items: str) -> str:
    head = '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>c</title>'
    return "\n".join((head, *items, "</channel></rss>"))


def item(name: str, text: str, *, day: int = 1) -> str:
    return (
        f"<item><title>{name}</title><guid>https://gov.example/{name}</guid><description>&lt;p&gt;{text}&lt;/p&gt;"
        f"</description><atom:updated>2024-07-{day:02}T09:00:00+09:00</atom:updated></item>"
    )


def events(project: Project) -> list[tuple[str, str]]:
    return [(row["kind"], row["title"]) for row in project.run("events", "--json").rows()]


def test_a_feed_is_a_window_and_an_update_alone_is_no_news(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    for number, items in enumerate(
        (
            (item("Quotas", "Grain and steel."), item("Talks", TALKS % 12)),
            (item("Talks", TALKS % 12, day=5), item("Visit", "A dinner in Busan.")),
            (item("Talks", TALKS % 15, day=9),),
        )
    ):
        project.drop("news.xml", feed(*items))
        assert project.run("run", "--once").code == 0, number
    assert events(project) == [("new", "Quotas"), ("new", "Talks"), ("new", "Visit"), ("changed", "Talks")]
    [*_, change] = project.run("events", "--json").rows()
    assert (change["date"], change["fields"]) == ("2024-07-01", ["body"])


def test_a_page_in_place_of_a_feed_is_a_reject_and_harms_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", config=CONFIG)
    project.drop("news.xml", feed(item("Talks", TALKS % 12)))
    assert project.run("run", "--once").code == 0
    page = project.drop("news.xml", "<!DOCTYPE html><html><head><title>503 Service Unavailable</title></html>")
    assert project.run("ingest", page).code == 3
    [reject] = project.run("dumps", "--rejects", "--json").rows()
    assert "'503 Service Unavailable'" in reject["reason"]
    project.drop("news.xml", feed(item("Talks", TALKS % 12)))
    project.run("run", "--once")
    assert [kind for kind, _ in events(project)] == ["new", "rejected"]


def test_a_half_written_feed_is_held_then_completed_and_each_entry_told_once(tmp_path: Path) -> None:
    whole = feed(item("Talks", TALKS % 12), item("FTA signed", "They signed it in Busan."))
    project = Project(tmp_path / "p", config=CONFIG)
    with project.daemon() as daemon:
        (project.seeds / "news.xml").write_text(whole[: whole.index("signed it")], "utf-8")
        daemon.wait_for_event("dump_held")
        daemon.wait_for_output("Talks")
        (project.seeds / "news.xml").write_text(whole, "utf-8")
        daemon.wait_for_event("dump_stored")
        daemon.wait_for_output("FTA signed")
        assert daemon.stop() == 0
    assert [row["state"] for row in project.run("dumps", "--rejects", "--json").rows()] == ["healed"]
    assert [kind for kind, _ in events(project)] == ["new", "new"]
