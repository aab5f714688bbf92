"""A certification authority of the tests, made by `openssl` in a folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

INSTALL = "there is no openssl: install it (Debian: `openssl`)"
_CONFIG = """
[ca]
default_ca = tests
[tests]
new_certs_dir = .
database = index.txt
serial = serial
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def has_openssl() -> bool:
    return shutil.which("openssl") is not None


class Authority:
    """Signs certificates; its own is `ca.crt` in the folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        (folder / "ca.cnf").write_text(_CONFIG, "ascii")
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01\n", "ascii")
        self._run("req", "-x509", *_KEY, "-days", "3650", "-subj", "/CN=tests", "-keyout", "ca.key", "-out", "ca.crt")

    @property
    def certificate(self) -> Path:
        return self._folder / "ca.crt"

    def issue(self, name: str, *, end: str = "20991231000000Z", file: str = "") -> tuple[Path, Path]:
        """Return the files of a certificate for a host or a user of this name, and of its key. end: of its time."""
        file = file or name
        subject = ("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
        self._run("req", *_KEY, *subject, "-keyout", f"{file}.key", "-out", f"{file}.csr")
        period = ("-startdate", "20200101000000Z", "-enddate", end)
        signer = ("-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key")
        self._run("ca", "-batch", "-notext", *signer, *period, "-in", f"{file}.csr", "-out", f"{file}.crt")
        return self._folder / f"{file}.crt", self._folder / f"{file}.key"

    def _run(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self._folder, check=True, capture_output=True)
