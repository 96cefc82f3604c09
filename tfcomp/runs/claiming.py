"""A training claims its run folder by writing the file that says what is trained there.

    recipe.yaml   a recipe of several phases      config.yaml   one phase, or the last one
"""

from __future__ import annotations

from pathlib import Path

from tfcomp.errors import CodecError
from tfcomp.folder_contents import is_left_out

RECIPE = "recipe.yaml"
CONFIG = "config.yaml"


def check_free(folder: Path) -> None:
    """Raises what `claim` would; writes nothing.

    Raises:
      CodecError: the folder holds a run or other files.
    """
    if any((folder / known).exists() for known in (RECIPE, CONFIG)):
        raise CodecError(f"{folder} holds a run already: give another --out, or --resume")
    # A run writes under names that others use too, such as bundle/ and side_by_side.png.
    if folder.is_dir() and not all(is_left_out(path.name) for path in folder.iterdir()):
        raise CodecError(f"{folder} holds files that are no run: give a new or empty folder")


def claim(folder: Path, name: str, text: str) -> None:
    """Makes a run folder and writes its first file, named RECIPE or CONFIG.

    Raises:
      CodecError: the folder holds a run or other files, or can't be written.
    """
    try:
        check_free(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:  # another training was quicker
        raise CodecError(f"{folder} can't be a run folder: give another --out") from None
    except OSError as error:
        raise CodecError(f"can't write the run folder {folder}: {error.strerror}") from error


def claimed_by(folder: Path) -> Path:
    """The file of a run folder that says what is trained there.

    Raises:
      CodecError: the folder holds no run.
    """
    for name in (RECIPE, CONFIG):
        if (folder / name).is_file():
            return folder / name
    raise CodecError(f"{folder} holds no run: leave out --resume to start one")
