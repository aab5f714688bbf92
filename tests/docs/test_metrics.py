"""docs/metrics.md, dashboard and alert rules name the metrics and labels that a running daemon has, and no others."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.end_to_end.harness import CONFIG, ROOT, Project, record
from tests.end_to_end.test_health import fetched, figures
from tests.servers import unused_port

PAGE = (ROOT / "docs" / "metrics.md").read_text("utf-8")
BOARD: Mapping[str, Any] = json.loads((ROOT / "docs" / "grafana-dashboard.json").read_text("utf-8"))
RULES_FILE = ROOT / "docs" / "prometheus-alerts.yml"
RULES = [rule for group in yaml.safe_load(RULES_FILE.read_text("utf-8"))["groups"] for rule in group["rules"]]
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
OF_PROMETHEUS = {"instance", "job"}  # labels that every scrape adds
NAME = re.compile(r"\b(?:monitor|process)_[a-z_]+")
PANEL_TYPES = {"stat", "bargauge", "timeseries", "state-timeline", "table"}  # of Grafana itself, no plugin


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, set[str]]:
    """The labels of each metric of a real daemon that has delivered an alert; those of a histogram by each name."""
    port = unused_port()
    config = f"{CONFIG % 'console://'}health: {{listen: 127.0.0.1:{port}}}\n"
    project = Project(tmp_path_factory.mktemp("metrics") / "p", config=config)
    project.drop("a.txt", record("FTA talks held", "Delegations met in Seoul on Monday."))
    with project.daemon() as daemon:
        daemon.wait_for_event("message_sent")
        families = figures(port)
        assert daemon.stop() == 0
    found: dict[str, set[str]] = {}
    for name, family in families.items():
        of_samples = {label for key in family.samples for label, _ in key}
        if family.kind == "histogram":
            found |= {f"{name}_bucket": of_samples, f"{name}_sum": of_samples - {"le"}}
            found |= {f"{name}_count": of_samples - {"le"}, name: of_samples - {"le"}}
        else:
            found[name] = of_samples
    return found


def expressions() -> Iterator[tuple[str, str]]:
    yield from ((rule["alert"], rule["expr"]) for rule in RULES)
    yield from ((panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"])


def test_the_page_lists_every_metric_with_its_labels_and_no_other(labels: Mapping[str, set[str]]) -> None:
    rows = re.findall(r"^\| `([a-z_]+)(?:\{([a-z,]+)\})?` \| (?:counter|gauge|histogram) \|", PAGE, re.MULTILINE)
    listed = {name: set(filter(None, of.split(","))) for name, of in rows}
    assert listed == {name: of for name, of in labels.items() if not re.search("_seconds_(bucket|sum|count)$", name)}


def test_every_expression_uses_metrics_and_labels_that_exist(labels: Mapping[str, set[str]]) -> None:
    for place, expression in expressions():
        names = NAME.findall(expression)
        assert names, place
        assert set(names) <= labels.keys(), place
        for name, matchers in re.findall(rf"({NAME.pattern})\{{([^}}]*)\}}", expression):
            assert set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)) <= labels[name] | OF_PROMETHEUS, place
        known = OF_PROMETHEUS.union(*(labels[name] for name in names))
        for grouped in re.findall(r"\b(?:by|on|without)\s*\(([^)]*)\)", expression):
            assert set(re.split(r"\s*,\s*", grouped)) <= known, place


def test_every_text_uses_labels_that_its_expression_has(labels: Mapping[str, set[str]]) -> None:
    texts = [(rule["expr"], " ".join(rule["annotations"].values()), r"\$labels\.(\w+)") for rule in RULES]
    texts += [
        (target["expr"], target["legendFormat"], r"\{\{(\w+)\}\}") for panel in PANELS for target in panel["targets"]
    ]
    for expression, text, pattern in texts:
        known = OF_PROMETHEUS.union(*(labels[name] for name in NAME.findall(expression)))
        assert set(re.findall(pattern, text)) <= known, text


def test_the_page_names_every_alert_and_each_says_what_to_do() -> None:
    alerts = [rule["alert"] for rule in RULES]
    assert re.findall(r"^\| `(Monitor\w+)` \|", PAGE, re.MULTILINE) == alerts
    assert len(set(alerts)) == len(alerts)
    for rule in RULES:
        assert rule["labels"]["severity"] in ("info", "warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}


def test_the_dashboard_has_the_shape_that_grafana_imports() -> None:
    assert BOARD["title"]
    assert BOARD["schemaVersion"] >= 36
    assert re.fullmatch(r"[\w-]{1,40}", BOARD["uid"])
    assert "id" not in BOARD  # Grafana gives one of its own
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    assert {panel["type"] for panel in PANELS} <= PANEL_TYPES
    for panel in PANELS:
        assert panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) > 0
        for part in (panel, *panel["targets"]):
            assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_the_panels_lie_side_by_side_on_a_grid_of_24_columns() -> None:
    places = [panel["gridPos"] for panel in BOARD["panels"]]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 and place["h"] > 0 for place in places)
    for one, other in combinations(places, 2):
        is_beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        is_apart = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert is_beside or is_apart, (one, other)


def test_the_dashboard_defines_the_variables_that_it_uses() -> None:
    defined = {variable["name"]: variable for variable in BOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(BOARD))) - {"__rate_interval"}
    assert used == defined.keys() == {"datasource", "instance"}
    assert (defined["datasource"]["type"], defined["datasource"]["query"]) == ("datasource", "prometheus")


def promtool(*words: str | Path) -> str:
    """Run promtool; it comes with Prometheus."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed; on Debian or Ubuntu: apt-get install prometheus")
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_accepts_the_alert_rules() -> None:
    assert f"SUCCESS: {len(RULES)} rules found" in promtool("check", "rules", RULES_FILE)


def test_promtool_sees_each_alert_fire_when_it_should_and_none_on_a_healthy_monitor(tmp_path: Path) -> None:
    text = (ROOT / "tests" / "docs" / "alert_rules_test.yml").read_text("utf-8")
    path = tmp_path / "test.yml"
    path.write_text(text.replace("[PATH]", json.dumps([str(RULES_FILE)])), "utf-8")
    assert "SUCCESS" in promtool("test", "rules", path)


def test_promtool_can_parse_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    filled = [text.replace("$__rate_interval", "5m").replace("$instance", ".*") for _, text in expressions()]
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(filled)]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), "utf-8")
    assert "SUCCESS" in promtool("check", "rules", path)


def test_promtool_accepts_what_the_daemon_serves(tmp_path: Path) -> None:
    port = unused_port()
    project = Project(tmp_path / "p", config=f"{CONFIG % 'console://'}health: {{listen: 127.0.0.1:{port}}}\n")
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed; on Debian or Ubuntu: apt-get install prometheus")
    with project.daemon() as daemon:
        text = fetched(port, "/metrics")[1]
        assert daemon.stop() == 0
    done = subprocess.run(
        [program, "check", "metrics"], input=text, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
