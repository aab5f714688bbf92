"""Password lines."""

from __future__ import annotations

import pytest

from monitor.config.web_parsers import password_line as parsed
from monitor.web.passwords import is_password, password_line


@pytest.mark.parametrize("password", ["kim", "", "비밀번호 with a space", "a" * 10_000, "\udc80", "a:b$c"])
def test_a_line_knows_its_password_and_no_other(password: str) -> None:
    line = password_line(password)
    assert is_password(password, line)
    assert not is_password(f"{password} ", line)


def test_a_line_is_one_that_the_configuration_accepts() -> None:
    assert parsed(password_line("kim")).reveal().startswith("scrypt$16384$8$1$")


def test_two_lines_of_one_password_differ() -> None:
    assert password_line("kim") != password_line("kim")
