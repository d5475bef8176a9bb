"""The pages: a short README, links that lead somewhere, numbers that are quoted, nothing left out of the site."""

import re
import tomllib
from pathlib import Path
from runpy import run_path

import pytest
import yaml
from packaging.requirements import Requirement

from chainofsteps.config.read import load_config
from chainofsteps.plan.printed import as_json
from chainofsteps.plan.target import plan_of

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "*/README.md", "models/*/MODEL_CARD.md")
    for path in ROOT.glob(pattern)
)
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.M | re.S)


def text_of(page: str) -> str:
    return (ROOT / page).read_text()


def anchors_of(page: Path) -> set[str]:
    """The names by which GitHub and mkdocs link to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", page.read_text()), re.M)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_readme_fits_in_150_lines():
    assert len(text_of("README.md").splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES)
def test_relative_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", CODE.sub("", text_of(page))):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), f"{page}: {link}"
        assert not anchor or anchor in anchors_of(target), f"{page}: {link}"


@pytest.mark.parametrize("page", PAGES)
def test_no_number_is_left_to_be_filled_in(page):
    assert "@@" not in text_of(page)


def test_readme_quotes_the_numbers_of_the_results():
    interval = r"-?\d\.\d\d \[-?\d\.\d\d, -?\d\.\d\d\]"
    quoted = re.findall(interval, text_of("README.md"))
    assert len(quoted) >= 3
    assert set(quoted) <= set(re.findall(interval, text_of("docs/results.md")))


def test_pages_have_the_numbers_that_are_kept():
    numbers = run_path(str(ROOT / "docs/quoted.py"))
    for page in numbers["PAGES"]:
        assert numbers["written"](text_of(page)) == text_of(page), "make numbers"
        assert numbers["BLOCK"].search(text_of(page))


def test_readme_counts_the_verdicts_of_the_results():
    verdicts = re.findall(r"^\| C\d+ \|.*\*\*(.+?)\*\* \|", text_of("docs/results.md"), re.M)
    numbers = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    holds, fails = verdicts.count("holds"), verdicts.count("does not hold")
    verb = "holds" if holds == 1 else "hold"
    counted = f"{numbers[holds]} of the paper's fourteen claims {verb}, {numbers[fails]} do not, and "
    assert len(verdicts) == 14
    assert f"{counted}{numbers[14 - holds - fails]} stay open" in text_of("README.md").replace("\n", " ")


@pytest.mark.parametrize("target", ["figures/fig5.pdf", "all"])
def test_readme_has_the_jobs_and_forwards_of_the_plan(target, tmp_path):
    (tmp_path / "figures").mkdir()  # nothing is made there, so everything is still to do
    planned = as_json(plan_of(load_config(ROOT / "config.yaml"), [target], tmp_path))
    row = re.search(rf"^\| `make {target}` \|.*\| (\d+) \| ([\d,]+) \|$", text_of("README.md"), re.M)
    assert row[1] == str(planned["jobs"])
    assert row[2] == f"{planned['forwards']['total']['planned']:,.0f}"


def test_the_site_has_every_page_of_docs():
    config = text_of("mkdocs.yml").replace("!!python/name:", "")
    sections = yaml.safe_load(config)["nav"]
    entries = [entry for section in sections for entry in section.values()]
    listed = {page for entry in entries if isinstance(entry, list) for item in entry for page in item.values()}
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")} <= listed


def test_every_dependency_has_its_reason():
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    texts = [*project["dependencies"], *(text for group in project["optional-dependencies"].values() for text in group)]
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", text_of("docs/dependencies.md"), re.M)
    explained = {name.strip() for row in rows for name in row.split(",")}
    assert {Requirement(text).name for text in texts} <= explained
