"""The set of photographs is rebuilt from its table, out of repositories that stand on this disk."""

import dataclasses
import http.server
import io
import os
import shutil
import subprocess
import threading

import numpy as np
import pytest
from PIL import Image

from lab import free_photos, git_blobs, photograph_table
from lab.git_blobs import GitError, PartialClone, blob_id
from lab.photograph_table import Photograph
from tests import needs
from tfcomp.data.sample_source import sample_images

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason=needs.GIT)

LANDSCAPE = (40, 24)
_ORIENTATION = 0x0112


def git(folder, *arguments):
    names = {f"GIT_{who}_{what}": f"a@b.{what.lower()}" for who in ("AUTHOR", "COMMITTER")
             for what in ("NAME", "EMAIL")}  # fmt: skip
    done = subprocess.run(
        ["git", "-C", folder, *arguments], capture_output=True, env={**os.environ, **names}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


def encoded(pixels, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


class Server:
    """A folder of bare repositories, and the lines of the table that lead to their pictures."""

    def __init__(self, root, partial):
        self.root, self.partial = root, partial
        self.base = root.as_uri()

    def commit(self, repository, files):
        """Adds a commit with these files and no others; returns its id."""
        bare, tree = self.root / repository, self.root / f"{repository}.tree"
        if not bare.exists():
            tree.mkdir(parents=True)
            git(tree, "init", "--quiet")
        for old in tree.glob("[!.]*"):
            old.unlink()
        for name, content in files.items():
            (tree / name).write_bytes(content)
        git(tree, "add", "--all")
        git(tree, "commit", "--quiet", "--message", "pictures")
        shutil.rmtree(bare, ignore_errors=True)
        git(self.root, "clone", "--quiet", "--bare", str(tree), str(bare))
        git(bare, "config", "uploadpack.allowFilter", "true" if self.partial else "false")
        return git(tree, "rev-parse", "HEAD")


@pytest.fixture(params=[True, False], ids=["partial clones", "whole commits"])
def server(request, tmp_path):
    root = tmp_path / "server"
    root.mkdir()
    return Server(root, request.param)


@pytest.fixture(scope="module")
def pixels():
    (first, *_) = sample_images("test").values()
    return np.ascontiguousarray(first[: LANDSCAPE[1], : LANDSCAPE[0]])


def line(repository, commit, path, content, **changes):
    """A line of the table for a picture that is halved."""
    photograph = Photograph(
        file=f"{blob_id(content)[:10]}.jpg", repository=repository, commit=commit, path=path,
        blob=blob_id(content), source_size=LANDSCAPE,
        saved_size=(LANDSCAPE[0] // 2, LANDSCAPE[1] // 2), bytes=0, licence="CC0-1.0", author="",
        origin="", evidence_path="",
    )  # fmt: skip
    return dataclasses.replace(photograph, **changes)


def test_a_picture_is_shrunk_and_saved_as_the_set_has_it(server, pixels, tmp_path):
    content = encoded(pixels)
    wanted = line("a/b", server.commit("a/b", {"x y.png": content}), "x y.png", content)
    assert free_photos.rebuild([wanted], tmp_path / "out", server.base) == []
    (file,) = (tmp_path / "out").iterdir()
    shrunk = Image.fromarray(pixels).resize(wanted.saved_size, Image.Resampling.LANCZOS)
    shrunk.save(tmp_path / "due.jpg", quality=92, subsampling=0, optimize=True)
    assert file.name == wanted.file
    assert file.read_bytes() == (tmp_path / "due.jpg").read_bytes()


def test_a_picture_is_turned_upright_and_loses_its_metadata(server, pixels, tmp_path):
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    lying = np.ascontiguousarray(np.rot90(pixels))
    content = encoded(lying, exif=exif.tobytes())
    wanted = line("a/b", server.commit("a/b", {"x.png": content}), "x.png", content,
                  saved_size=LANDSCAPE)  # fmt: skip
    assert free_photos.rebuild([wanted], tmp_path / "out", server.base) == []
    with Image.open(tmp_path / "out" / wanted.file) as saved:
        assert not saved.getexif() and "icc_profile" not in saved.info
        difference = np.abs(np.asarray(saved).astype(int) - pixels)
    assert difference.mean() < 4


def test_a_file_that_a_later_commit_removed_comes_by_its_blob(server, pixels, tmp_path):
    old, new = encoded(pixels), encoded(pixels[::-1])
    server.commit("a/b", {"old.png": old})
    server.commit("a/b", {"new.png": new})
    wanted = line("a/b", f"history (blob {blob_id(old)[:10]})", "old.png", old)
    assert free_photos.rebuild([wanted], tmp_path / "out", server.base) == []
    assert (tmp_path / "out" / wanted.file).exists()


def test_what_cannot_be_had_is_said_and_the_rest_goes_on(server, pixels, tmp_path):
    content, other = encoded(pixels), encoded(pixels[::-1])
    text = b"no picture"
    commit = server.commit("a/b", {"x.png": content, "y.png": other, "z.png": text})
    lines = [
        line("gone/gone", commit, "x.png", content, file="repository.jpg"),
        line("a/b", "0" * 40, "x.png", content, file="commit.jpg"),
        line("a/b", commit, "w.png", content, file="path.jpg"),
        line("a/b", commit, "y.png", content, file="blob.jpg"),
        line("a/b", commit, "z.png", text, file="text.jpg"),
        line("a/b", commit, "x.png", content, file="size.jpg", source_size=(7, 5)),
        line("a/b", "history (blob)", "x.png", content, file="never.jpg", blob="1" * 40),
        line("a/b", commit, "x.png", content, file="good.jpg"),
    ]
    missing = free_photos.rebuild(lines, tmp_path / "out", server.base)
    reasons = {photograph.file: reason for photograph, reason in missing}
    assert set(reasons) == {photograph.file for photograph in lines} - {"good.jpg"}
    assert "not appear to be a git repository" in reasons["repository.jpg"]
    assert reasons["path.jpg"] == "the commit has no w.png"
    assert blob_id(other) in reasons["blob.jpg"]
    assert "not an image" in reasons["text.jpg"]
    assert reasons["size.jpg"] == "has 40x24 pixels at its source, the table says 7x5"
    assert all(reasons.values()) and not [r for r in reasons.values() if "warning" in r]
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["good.jpg"]


class _AsksForAPassword(http.server.BaseHTTPRequestHandler):
    """What GitHub answers where no repository is."""

    def do_GET(self):
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="GitHub"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_server_that_wants_a_password_is_given_none(pixels, tmp_path):
    with http.server.HTTPServer(("127.0.0.1", 0), _AsksForAPassword) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        wanted = line("a/b", "0" * 40, "x.png", encoded(pixels))
        base = f"http://127.0.0.1:{server.server_port}"
        missing = free_photos.rebuild([wanted], tmp_path, base)
        server.shutdown()
        thread.join()
    assert missing == [(wanted, "the repository is gone or private")]


def test_a_picture_that_is_there_is_kept_and_nothing_is_fetched_for_it(pixels, tmp_path):
    content = encoded(pixels)
    wanted = line("a/b", "0" * 40, "x.png", content)
    (tmp_path / wanted.file).write_bytes(b"mine")
    assert free_photos.rebuild([wanted], tmp_path, "file:///nonexistent") == []
    assert (tmp_path / wanted.file).read_bytes() == b"mine"


def test_the_command_takes_the_tables_first_pictures_and_tells_what_is_missing(
    server, pixels, tmp_path, monkeypatch, capsys
):
    content = encoded(pixels)
    commit = server.commit("a/b", {"x.png": content})
    lines = [
        line("a/b", commit, "x.png", content),
        line("gone/gone", commit, "x.png", content, file="lost.jpg"),
        line("a/b", commit, "x.png", content, file="third.jpg"),
    ]
    monkeypatch.setattr(free_photos, "read", lambda: lines)
    out = tmp_path / "out"
    assert free_photos.main([str(out), "--base", server.base + "/", "--only", "1"]) == 0
    assert capsys.readouterr().out == f"1 of 1 pictures are in {out}\n"
    assert free_photos.main([str(out), "--base", server.base]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("lost.jpg from gone/gone: ")
    assert said[1:] == [f"2 of 3 pictures are in {out}"]
    assert free_photos.main(["--check", str(out)]) == 1
    assert "lost.jpg: not there\n1 differences" in capsys.readouterr().out


def test_a_check_tells_absent_extra_and_differing_pictures(pixels, tmp_path):
    lines = [line("a/b", "", "", bytes([n]), file=f"{n}.jpg") for n in range(4)]
    for photograph in lines[:3]:
        Image.fromarray(pixels[::2, ::2]).save(tmp_path / photograph.file)
    sizes = [(tmp_path / photograph.file).stat().st_size for photograph in lines[:3]]
    lines[:3] = [dataclasses.replace(p, bytes=n) for p, n in zip(lines, sizes)]
    (tmp_path / "SOURCES.tsv").write_text("no picture")
    assert free_photos.differences(lines[:3], tmp_path) == ([], 3)
    Image.fromarray(pixels).save(tmp_path / "1.jpg")
    Image.fromarray(pixels[::2, ::2]).save(tmp_path / "2.jpg", "PNG")
    (tmp_path / "0.jpg").rename(tmp_path / "extra.jpg")
    found, same_bytes = free_photos.differences(lines, tmp_path)
    assert found == [
        "extra.jpg: not in the table",
        "0.jpg: not there",
        "1.jpg: has 40x24 pixels, the table says 20x12",
        "2.jpg: is a PNG file, the table's is JPEG",
        "3.jpg: not there",
    ]
    assert same_bytes == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a", "--check", "b"],
        ["a", "--only", "0"],
        ["--check", "/absent"],
        ["--check", "b", "--only", "1"],
    ],
)
def test_flags_that_mean_nothing_together_are_errors(arguments, capsys):
    assert free_photos.main(arguments) == 2
    assert capsys.readouterr().err.startswith("free_photos: ")


def test_a_partial_clone_gets_no_file_before_it_is_read(tmp_path, pixels):
    server = Server(tmp_path, partial=True)
    content = encoded(pixels)
    commit = server.commit("a/b", {"x.png": content, "large.bin": bytes(100_000)})
    clone = PartialClone(f"{server.base}/a/b", tmp_path / "clone")
    clone.fetch(commit)
    assert clone.blob_of(commit, "x.png") == blob_id(content)
    listing = ("cat-file", "--batch-all-objects", "--batch-check=%(objecttype)")
    assert sorted(git(tmp_path / "clone", *listing).split()) == ["commit", "tree"]
    assert clone.read(blob_id(content)) == content
    assert sorted(git(tmp_path / "clone", *listing).split()) == ["blob", "commit", "tree"]


def test_a_clone_starts_nothing_in_the_background_that_outlives_its_folder(tmp_path):
    PartialClone("file:///nonexistent", tmp_path)
    for key, value in (("gc.auto", "0"), ("maintenance.auto", "false")):
        assert git(tmp_path, "config", key) == value


def test_other_bytes_than_the_blobs_are_refused(tmp_path, monkeypatch):
    clone = PartialClone("file:///nonexistent", tmp_path / "clone")
    monkeypatch.setattr(git_blobs, "_git", lambda *arguments: b"other bytes")
    with pytest.raises(GitError, match="other bytes than"):
        clone.read("1" * 40)


def test_the_table_has_a_line_for_each_of_the_sets_pictures():
    photographs = photograph_table.read()
    assert len(photographs) == len({p.file for p in photographs}) == 393
    assert len({p.blob for p in photographs}) == 393
    for photograph in photographs:
        assert len(photograph.blob) == 40 and photograph.blob[:10] in photograph.file
        assert photograph.in_history or len(photograph.commit) == 40
        saved, source = photograph.saved_size, photograph.source_size
        assert saved[0] <= source[0] and saved[1] <= source[1]
        assert saved[0] / saved[1] == pytest.approx(source[0] / source[1], rel=0.01)
