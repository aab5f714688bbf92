"""Only a file that says itself how it is read is taken without a format; of others it is told what to write."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest

from monitor.collect.formats.detect import look_of
from monitor.collect.formats.fields import FormatOptions
from monitor.collect.formats.registry import reader
from monitor.collect.source import SourceOptions
from monitor.model import Record, Reject
from tests.collect.formats.support import dump_of_text
from tests.dumps import dump, record

OPTIONS = SourceOptions(timezone=ZoneInfo("UTC"), format=FormatOptions(format="auto"))
RELEASE = {"title": "Talks held", "content": "They met.", "published_at": "2024-07-01"}


@pytest.mark.parametrize("before", ["", "\ufeff", "\n \n"])
def test_the_text_layout_is_read(before: str) -> None:
    text = before + dump(record("Talks held"), record("Visit ends"))
    plain = SourceOptions(timezone=ZoneInfo("UTC"))
    for is_held in (True, False):
        found = reader(dump_of_text(text, is_held=is_held), OPTIONS)
        assert list(found.entries()) == list(reader(dump_of_text(text, is_held=is_held), plain).entries())
        assert [type(one) for one in found.entries()] == [Record, Record]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            json.dumps(RELEASE) + "\n",
            "this looks like JSON lines with title, content, published_at; write format: json",
        ),
        (json.dumps([RELEASE]), "this looks like a list in JSON with title, content, published_at; write format: json"),
        (
            json.dumps({"meta": {"page": 1}, "data": {"tags": [{"x": 1}], "items": [RELEASE] * 2_000}}),
            f"this looks like JSON with {', '.join(RELEASE)} in data.items; write format: json and records: data.items",
        ),
        ("Title;Text;x\na;b;c\n", "this looks like CSV with Title, Text, x; write format: csv"),
        (
            "<!DOCTYPE html><html><head><title>503\nUnavailable</title>",
            "this is an HTML page (503 Unavailable): no release is read from it",
        ),
        ("Just a text, with one comma.", "nothing here says how it is read: write the format of the source's files"),
        ('{"a\\u001b[31m\\n": 1, "title": "x"}', "this looks like JSON lines with a\\x1b[31m\\x0a, title; write"),
    ],
)
def test_any_other_file_is_a_reject_that_says_what_to_write(text: str, reason: str) -> None:
    [one] = reader(dump_of_text(text), OPTIONS).entries()
    assert isinstance(one, Reject)
    assert one.reason.startswith(reason)
    assert (one.line, one.is_tail) == (0, False)
    assert text.startswith(one.text)


@pytest.mark.parametrize("text", ["", " \n\n"])
def test_an_empty_file_is_one_that_is_still_to_be_written(text: str) -> None:
    [one] = reader(dump_of_text(text), OPTIONS).entries()
    assert isinstance(one, Reject)
    assert (one.reason, one.is_tail) == ("the file holds no record", True)


@pytest.mark.parametrize(
    ("head", "format_"),
    [
        ("-\r\nTalks", "text"),
        ("—\nTalks", "text"),
        ("---\ntitle: Talks\n", "document"),
        ("# Talks\n", "document"),
        ("<?xml version='1.0'?>\n<rss version='2.0'>", "feed"),
        ('<feed xmlns="http://www.w3.org/2005/Atom">', "feed"),
        ('<a:feed xmlns:a="http://www.w3.org/2005/Atom">', "feed"),
        ("<rss/>", "feed"),
        ("<list><feed a='1'>x</feed><feed>y</feed></list>", "xml"),
        ('<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">\n<html>', ""),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": []}', "feed"),
        ("<docs><doc><title>a</title></doc><doc>", "xml"),
        ("Return-Path: <a@example.org>\nSubject: x\n", "mail"),
        ("From a@example.org Mon Jul  1 09:00:00 2024\n", "mail"),
        ("{broken", "json"),
        ("title,date,text", "csv"),
        ("Dear reader, the title of this text is long", ""),
    ],
)
def test_a_beginning_shows_what_a_file_is(head: str, format_: str) -> None:
    assert look_of(head).format == format_
