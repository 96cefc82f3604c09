"""Single files of a Git repository at a commit, without the rest of it."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from tfcomp.errors import CodecError

# Nobody is asked for a password: GitHub wants one for a repository that is gone. A server that
# sends less than 1 kB a second for a minute has gone too.
_OPTIONS = (
    "-c", "credential.helper=", "-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60",
    "-c", "protocol.version=2",
)  # fmt: skip
_ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": "", "LC_ALL": "C"}


class GitError(CodecError):
    """Git cannot get something; the message is what Git says first."""


class PartialClone:
    """A bare clone that gets commits without their history, and a file's content when it is read.

    A server that knows no partial clones sends all files of a commit with it.
    """

    def __init__(self, url: str, folder: Path):
        """Makes an empty clone in a folder; nothing is fetched yet."""
        self._folder = folder
        _git("init", "--quiet", "--bare", os.fspath(folder))
        for key, value in (
            ("core.repositoryFormatVersion", "1"),
            ("extensions.partialClone", "origin"),
            ("remote.origin.url", url),
            ("remote.origin.promisor", "true"),
            ("remote.origin.partialCloneFilter", "blob:none"),
            # Git would tidy up in the background while the folder is being removed.
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
        ):
            self._run("config", key, value)

    def fetch(self, commit: str) -> None:
        """Gets a commit and its folders.

        Raises:
          GitError: the repository or the commit is not there.
        """
        self._run("fetch", "--quiet", "--no-tags", "--depth=1", "origin", commit)

    def blob_of(self, commit: str, path: str) -> str:
        """The id of a file in a commit that was fetched.

        Raises:
          GitError: the commit has no such file.
        """
        return self._run("rev-parse", "--verify", "--quiet", f"{commit}:{path}").decode().strip()

    def read(self, blob: str) -> bytes:
        """The content of a file by its id, fetched if it is not there yet.

        Raises:
          GitError: the server does not give it, or what it gave has another id.
        """
        content = self._run("cat-file", "blob", blob)
        if blob_id(content) != blob:
            raise GitError(f"the server sent other bytes than those of blob {blob}")
        return content

    def _run(self, *arguments: str) -> bytes:
        return _git("-C", os.fspath(self._folder), *arguments)


def blob_id(content: bytes) -> str:
    """Git's id of a file with this content, 40 hexadecimal digits."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324


def _git(*arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", *_OPTIONS, *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **_ENVIRONMENT},
        )
    except FileNotFoundError:
        raise CodecError("there is no git: install it") from None
    if done.returncode:
        raise GitError(_reason(done.stderr.decode("utf-8", "replace")))
    return done.stdout


def _reason(errors: str) -> str:
    """The line of Git's messages that says most."""
    if "could not read Username" in errors:
        return "the repository is gone or private"
    lines = [line for line in errors.splitlines() if not line.startswith("warning:")]
    return lines[0] if lines else "git found nothing"
