"""Pages of the site that stand elsewhere in the repository, and links that work in both places.

The format, the C library and others keep their pages beside what they describe. Here they become
pages of the site. A link in a page is written as the repository needs it; for the site it leads to
the site's page, or, where the site has none, becomes plain text. A link to nothing is an error.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]

# Page of the site -> where it stands in the repository.
ELSEWHERE = {
    "format.md": "spec/format.md",
    "vectors.md": "spec/vectors/README.md",
    "c.md": "c/README.md",
    "browser.md": "examples/web/README.md",
    "security.md": "SECURITY.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
_PAGE_OF = {path: page for page, path in ELSEWHERE.items()}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that stand elsewhere."""
    for page, path in ELSEWHERE.items():
        content = (ROOT / path).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turns the repository's links into the site's."""
    source = page.file.src_uri
    stands = ELSEWHERE.get(source, f"docs/{source}")

    def link(found: re.Match[str]) -> str:
        mark, text, target = found.groups()
        path, hash_sign, anchor = target.partition("#")
        if not path or "://" in path or path.startswith("mailto:"):
            return found.group(0)
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(stands), path))
        if not (ROOT / wanted).exists():
            raise PluginError(f"{stands} links to {target}, and there is no {wanted}")
        if wanted in _PAGE_OF:
            wanted = f"docs/{_PAGE_OF[wanted]}"
        if not wanted.startswith("docs/"):
            return text
        site = posixpath.relpath(wanted[len("docs/") :], posixpath.dirname(source) or ".")
        return f"{mark}[{text}]({site}{hash_sign}{anchor})"

    # A link in a block of code is left as it is.
    parts = re.split(r"(^```.*?^```)", markdown, flags=re.MULTILINE | re.DOTALL)
    return "".join(p if p.startswith("```") else _LINK.sub(link, p) for p in parts)
