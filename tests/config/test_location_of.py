"""Where the store is can be known of a file that is broken elsewhere; what hides it must not lead to another store."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config import location_of

URL = "postgresql://monitor@db/monitor"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("state: s/\n\tnot yaml\n", None),
        (f"store: {URL}\n\tnot yaml\n", URL),
        ('store: "${STORE_URL}"\nwatchlists: [1\n', URL),
        (f"store: {URL}\npooler: yes\nsources: 7\n", URL),
    ],
)
def test_other_faults_do_not_matter(tmp_path: Path, text: str, url: str | None) -> None:
    (tmp_path / "config.yaml").write_text(text, "utf-8")
    found = location_of(tmp_path / "config.yaml", environ={"STORE_URL": URL})
    assert found is not None
    assert (found.url and found.url.reveal()) == url
    assert found.is_pooled == ("pooler" in text)
    assert found.folder == tmp_path / ("s" if "state" in text else "state")


@pytest.mark.parametrize(
    "text",
    [
        'store: "${UNSET}"\n',
        "store: mysql://db/monitor\n",
        f"stroe: {URL}\n",
        f"{{store: '{URL}'}}\n",
        f"'store' : {URL}\n",
        f"store:\n  {URL}\n",
    ],
)
def test_what_seems_to_name_a_shared_store_and_cannot_be_read_leads_to_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text, "utf-8")
    assert location_of(tmp_path / "config.yaml", environ={}) is None
