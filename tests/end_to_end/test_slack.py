"""From a dropped file to a Slack webhook: the real command, the real address, a stand-in for Slack behind a proxy."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.harness import CONFIG, Project, record
from tests.slack_stand_in import slack_stand_in

BODY = "Both sides met in Seoul to talk about the FTA. Exports rose 5.1 percent on year, the ministry said on Monday."


def test_a_dropped_release_and_its_correction_arrive_in_slack(tmp_path: Path) -> None:
    config = CONFIG.replace("%s", "${SLACK_URL}")
    project = Project(tmp_path / "p", config=config)
    with slack_stand_in() as slack:
        project.drop("2024-07-01.txt", record("FTA talks held", BODY))
        assert project.run_apart("run", "--once", env=slack.environ).code == 0
        project.drop("2024-07-02.txt", record("FTA talks held", BODY.replace("5.1", "5.3")))
        assert project.run_apart("run", "--once", env=slack.environ).code == 0
        first, second = slack.wait_for(2)
    assert first["text"] == "fta: FTA talks held"
    assert second["text"] == "fta (changed): FTA talks held"
    assert "rose ~5.1~ *5.3* percent" in second["blocks"][2]["text"]["text"].replace("\u200b", "")
    assert "2024-07-02.txt" in second["blocks"][1]["elements"][0]["text"]
