"""Generate pages from the code; each is committed under its path in `PAGES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.make.manual import manual
from docs.make.picture import picture
from docs.make.reference import reference
from monitor.config.json_schema import sample_config, schema_text

ROOT = Path(__file__).parent.parent.parent
PAGES: Mapping[str, Callable[[], str]] = {
    "config.schema.json": schema_text,
    "config.yaml": sample_config,
    "docs/reference.md": reference,
    "data/share/man/man1/monitor.1": manual,
    "docs/alert.svg": picture,
}
