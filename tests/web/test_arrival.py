"""A file that the page downloads is shown as it arrives: each time that more is there, better."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tfcomp
from tests.bundle_factory import photo
from tests.web.conftest import decoded_pixels, facts, give, wait
from tests.web.slow_server import SlowFile, SlowServer
from tests.web.test_page import levels_apart, message

_DROP = """
link => {
  const data = new DataTransfer();
  data.setData("text/uri-list", `# dropped\\n${link}`);
  document.dispatchEvent(new DragEvent("drop", { dataTransfer: data }));
}
"""


@pytest.fixture(scope="module")
def photograph():
    """uint8 [96, 70, 3]."""
    return photo(96, 70)


@pytest.fixture(scope="module")
def server(installed_page):
    made = SlowServer(installed_page)
    yield made
    made.close()


@pytest.fixture(scope="module")
def address(server):
    """Where the page is served."""
    return server.address


def download(page, server, length: int | None) -> SlowFile:
    """Drops a link to a file that is to be sent slowly."""
    name, slow = server.add(length)
    page.evaluate(_DROP, server.address + name)
    return slow


def steps_shown(page, more_than: int) -> int:
    """Waits for a picture of more steps, and says of how many."""
    words = "document.querySelector('#arrived-words').textContent"
    page.wait_for_function(
        f"least => Number(({words}.match(/, ([0-9]+) of/) ?? [0, 0])[1]) > least", arg=more_than
    )
    return int(re.search(r", (\d+) of", page.inner_text("#arrived-words"))[1])


def previews(data: bytes) -> list[tuple[int, tfcomp.Preview]]:
    """What Python shows as bytes arrive: how many they are, and the picture."""
    came = 0

    def parts():
        nonlocal came
        while came < len(data):
            part = data[came : came + 25]
            came += len(part)
            yield part

    return [(came, preview) for preview in tfcomp.progressive(parts())]


@pytest.mark.parametrize("model", ["cycle", "cycle-factorized", "binary"])
def test_better_and_better_pictures_come_with_the_bytes(page, server, model):
    picture = photo(800, 48) if model == "cycle-factorized" else photo(100, 120)
    data = tfcomp.load(model).compress(picture, quality=6)
    slow = download(page, server, len(data))
    errors, done, sent = [], 0, 0
    *parts, whole = previews(data)
    for came, preview in parts[:: max(1, len(parts) // 3)]:
        slow.send(data[sent:came])
        sent = came
        done = steps_shown(page, done)
        assert done == preview.done
        shown = decoded_pixels(page)
        assert levels_apart(shown, preview.pixels) <= 1
        errors.append(np.mean((shown.astype(float) - picture) ** 2))
    slow.send(data[sent:])
    slow.end()
    wait(page)
    assert message(page) == ""
    assert levels_apart(decoded_pixels(page), whole[1].pixels) <= 1
    assert facts(page)["Size"] == f"{len(data):,} bytes"
    assert not page.is_visible("#arrival") and not page.is_visible("#note")
    assert len(errors) >= 3 and errors == sorted(errors, reverse=True)


def test_tiles_are_shown_as_they_come_and_the_length_need_not_be_known(page, server):
    codec = tfcomp.load("cycle-small")
    data = codec.compress(photo(128, 192), 5, tiles=64)
    slow = download(page, server, None)
    slow.send(data[: len(data) // 2])
    half = steps_shown(page, 0)
    assert 1 <= half <= 5
    assert page.inner_text("#arrived-words").startswith(f"{len(data) // 2:,} bytes")
    slow.send(data[len(data) // 2 :])
    slow.end()
    wait(page)
    assert levels_apart(decoded_pixels(page), codec.decompress(data)) <= 1


def test_a_connection_that_breaks_off_leaves_what_there_is_with_a_note(page, server, photograph):
    data = tfcomp.load("cycle-small").compress(photograph, quality=5)
    slow = download(page, server, len(data))
    slow.send(data[: len(data) * 3 // 4])
    steps_shown(page, 0)
    slow.break_off()
    wait(page)
    assert message(page) == ""
    assert "broke off after" in page.inner_text("#status")
    assert page.is_visible("#note")
    expected = tfcomp.decompress(data[: len(data) * 3 // 4], partial=True)
    assert levels_apart(decoded_pixels(page), expected) <= 1


def test_a_download_can_be_stopped_and_the_page_goes_on(page, server, photograph):
    data = tfcomp.load("cycle-small").compress(photograph, quality=5)
    slow = download(page, server, len(data))
    slow.send(data[: len(data) // 2])
    steps_shown(page, 0)
    page.click("#stop")
    wait(page)
    assert page.is_visible("#note") and not page.is_visible("#arrival")
    slow.break_off()
    give(page, ("whole.tfcomp", data))
    assert message(page) == "" and not page.is_visible("#note")
    assert levels_apart(decoded_pixels(page), tfcomp.decompress(data)) <= 1


def test_a_name_with_a_space_is_downloaded_too(page, address, installed_page, photograph):
    data = tfcomp.load("cycle-factorized").compress(photograph, quality=2)
    (installed_page / "vendor" / "a picture.tfcomp").write_bytes(data)
    page.evaluate(_DROP, f"{address}vendor/a%20picture.tfcomp")
    wait(page)
    assert message(page) == ""
    assert "a picture.tfcomp" in page.inner_text("#status")
    assert levels_apart(decoded_pixels(page), tfcomp.decompress(data)) <= 1


@pytest.mark.parametrize(
    "link, expected",
    [
        ("nothing.tfcomp", "the server says 404"),
        ("index.html", "not a .tfcomp file"),
        ("https://example.com/photo.tfcomp", "save the file and drop it"),
        ("data:text/plain,photo", "save the file and drop it"),
        ("http://[", "save the file and drop it"),
    ],
)
def test_a_link_that_leads_nowhere_gives_a_message(page, link, expected):
    page.evaluate(_DROP, link)
    wait(page)
    assert expected in message(page)
    assert not page.is_visible("#result") and not page.is_visible("#arrival")


def test_damage_that_shows_at_the_end_takes_the_pictures_away(page, server, photograph):
    data = bytearray(tfcomp.load("cycle-small").compress(photograph, quality=5))
    data[-6] ^= 1
    slow = download(page, server, len(data))
    slow.send(bytes(data[: len(data) // 2]))
    steps_shown(page, 0)
    slow.send(bytes(data[len(data) // 2 :]))
    slow.end()
    wait(page)
    assert "CRC differs" in message(page)
    assert not page.is_visible("#result")


def test_the_address_of_the_page_may_name_a_file(browser, address):
    page = browser.new_page()
    page.goto(f"{address}?file=nothing.tfcomp")
    page.wait_for_selector("#error:visible")
    assert "nothing.tfcomp could not be fetched" in message(page)
    page.close()
