"""Write every generated page: `python -m docs.make`."""

from docs.make import PAGES, ROOT

for path, make in PAGES.items():
    (ROOT / path).write_text(make(), "utf-8")
    print(f"wrote {path}")
