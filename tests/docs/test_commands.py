"""What README and docs tell a reader to type works, on small pictures and tiny models."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from PIL import Image

from tests import needs
from tests.conftest import ROOT
from tests.docs import commands

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)
pytest.importorskip("skimage", reason=needs.SCIKIT_IMAGE)

GOLDEN = ROOT / "spec" / "golden" / "cycle"


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with everything that the pages name: pictures, recipes in miniature, programs."""
    folder = tmp_path_factory.mktemp("reader")
    pictures = {
        "photo.png": "chelsea-quality-4", "photo.jpg": "coffee-quality-8",
        "a.png": "astronaut-quality-1", "b.jpg": "coffee-quality-8",
        "PHOTOS/one.png": "chelsea-quality-4", "PHOTOS/two.png": "astronaut-quality-1",
        "KODAK/five.png": "coffee-quality-8",
        "photos/three.png": "chelsea-quality-4", "album/four.jpg": "coffee-quality-8",
    }  # fmt: skip
    for name, golden in pictures.items():
        (folder / name).parent.mkdir(exist_ok=True)
        with Image.open(GOLDEN / f"{golden}.png") as image:
            image.convert("RGB").crop((0, 0, 96, 64)).save(folder / name)
    with Image.open(GOLDEN / "chelsea-quality-4.png") as image:
        moving = [image.convert("RGB").crop((x, 0, 40 + x, 32)) for x in range(3)]
    moving[0].save(folder / "clip.gif", save_all=True, append_images=moving[1:], duration=40)
    (folder / "frames").mkdir()
    for number, frame in enumerate(moving):
        frame.save(folder / "frames" / f"{number}.png")
    (folder / "configs").mkdir()
    for recipe in (ROOT / "configs").glob("*.yaml"):
        tiny = ROOT / "configs" / f"{recipe.stem.partition('-')[0]}-tiny.yaml"
        if tiny.is_file():  # a look has none: it needs a trained model
            shutil.copy(tiny, folder / "configs" / recipe.name)
    for name in ("train.py", "export.py", "docs", "examples", "c"):
        (folder / name).symlink_to(ROOT / name)
    programs = folder / "programs"
    programs.mkdir()
    for name, call in (("tfcomp", "-m tfcomp "), ("python", ""), ("python3", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {call}"$@"\n')
        (programs / name).chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def environment(workplace):
    """What the programs need, and a folder of models that is nobody's."""
    return {
        **os.environ,
        "PATH": f"{workplace / 'programs'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "XDG_DATA_HOME": str(workplace / "share"),
        "CUDA_VISIBLE_DEVICES": "",
    }


@pytest.fixture(scope="module")
def already():
    """The slow commands that an earlier page had, too: what they made is still there."""
    return set()


@pytest.fixture
def tidy(workplace):
    """Leaves a page nothing of an earlier one but runs, exports and installed models."""
    given = {path.name for path in workplace.iterdir()}
    yield
    for path in workplace.iterdir():
        if path.name not in given | {"runs", "exports", "share"}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def run(command, workplace, environment):
    text = command.text
    if command.language == "python":
        line = [sys.executable, "-c", text]
    else:
        text = re.sub(r"--steps \d+", "--steps 2", text)
        made = re.search(r"--out (runs/\S+)", text)
        if made and "--resume" not in text:
            shutil.rmtree(workplace / made.group(1), ignore_errors=True)
        line = ["sh", "-c", text]
    return subprocess.run(
        line, cwd=workplace, env=environment, capture_output=True, text=True, timeout=600
    )


@pytest.mark.parametrize("page", commands.PAGES)
def test_what_the_page_tells_to_type_works(page, workplace, environment, already, tidy):
    if page == "docs/arrays.md":
        pytest.importorskip("xarray", reason=needs.XARRAY)
    if page == "docs/collections.md":
        pytest.importorskip("apache_beam", reason=needs.BEAM)
    for command in commands.commands(page):
        if command.reason is None and command not in already:
            if command.text.startswith(("tfcomp train", "tfcomp export", "tfcomp install")):
                already.add(command)
            done = run(command, workplace, environment)
            assert done.returncode == 0, f"{command.text}\n{done.stdout}\n{done.stderr}"


def test_the_loop_that_restarts_workers_resumes_where_a_checkpoint_is(tmp_path):
    """Its programs are stand-ins: a first start that is killed, then what it is asked to do."""
    (script,) = [c.text for c in commands.commands("docs/many_machines.md") if "until" in c.text]
    (tmp_path / "tfcomp").write_text(
        '#!/bin/sh\necho "$*" >>calls\ncase "$*" in *--resume*) exit 0;; esac\n'
        "mkdir -p run/checkpoints; : >run/checkpoints/step-00000007.npz; exit 75\n"
    )
    (tmp_path / "tfcomp").chmod(0o755)
    script = script.replace("/shared/runs/cycle", "run").replace("sleep 10", "sleep 0")
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, env={"PATH": path}, timeout=60)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert done.returncode == 0
    assert ["--resume" in call for call in calls] == [False, True]


def test_every_reason_not_to_run_a_command_belongs_to_one():
    texts = [command.text for page in commands.PAGES for command in commands.commands(page)]
    unused = [s for s in commands.NOT_RUN if not any(re.match(s, text) for text in texts)]
    assert unused == []


@pytest.mark.parametrize("page", commands.PAGES)
def test_commands_stand_in_blocks_that_are_run(page):
    programs = "tfcomp|python3?|pip|make|cmake|docker|curl|npm|cd"
    typed = re.compile(rf"^ {{4,}}(?:{programs}) .*", re.MULTILINE)
    assert typed.findall(commands.outside_blocks(page)) == []


@pytest.mark.parametrize("page", commands.PAGES)
def test_the_recipes_that_a_page_names_exist(page):
    named = re.findall(r"configs/[a-z0-9-]+\.yaml", (ROOT / page).read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []
