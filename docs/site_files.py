"""A hook of mkdocs: the site has the tree of the repository, so that one relative link works there and on GitHub.

The pages are README.md, which is the home page, and docs/*.md. Every file that a page links to comes along, and is a
page too if it is Markdown.
"""

import re
from pathlib import Path

from mkdocs.structure.files import File, Files

LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.S)


def linked(page: Path, root: Path) -> set[Path]:
    """The files of the repository that a page links to, as paths below `root`."""
    targets = LINK.findall(CODE.sub("", page.read_text(encoding="utf-8")))
    paths = {(page.parent / target).resolve() for target in targets if "://" not in target}
    return {path.relative_to(root) for path in paths if path.is_file() and path.is_relative_to(root)}


def reached(root: Path) -> set[Path]:
    """README.md, the pages of docs/, and all files that links lead to from there."""
    waiting: set[Path] = {Path("README.md"), *(path.relative_to(root) for path in (root / "docs").glob("*.md"))}
    known = set()
    while waiting:
        path = waiting.pop()
        known.add(path)
        if path.suffix == ".md":
            waiting |= linked(root / path, root) - known
    return known


def on_files(files, *, config) -> Files:
    """Files of the theme as they are, and those of the repository at their paths there."""
    root, theirs = Path(config.config_file_path).parent.resolve(), Path(config.docs_dir).resolve()
    kept = [file for file in files if not Path(file.abs_src_path or "/").is_relative_to(theirs)]
    paths = reached(root) | {Path(style) for style in config.extra_css}
    ours = [File.generated(config, path.as_posix(), abs_src_path=str(root / path)) for path in sorted(paths)]
    return Files([*kept, *ours])
