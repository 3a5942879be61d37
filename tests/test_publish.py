"""Publishing: what a maker would lose if a site left half, stale, too large for its host, or with a secret."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import synthetic
from baked import COUNT, built, contents, make
from browsing import CHROMIUM, after, chromium, served, shown, sound

from render import hosts, netlify
from render.bake import bake
from render.catalogue import FILE, Catalogue
from render.cli import run
from render.config import Gallery
from render.errors import NonesuchError, UsageError
from render.hosts import Limits, against, survey
from render.publish import reason_of, to_folder, to_pages, to_rsync, without_secret
from render.validate import Page, validate

Parts = tuple[Path, list[synthetic.Picture]]


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def site(tmp_path: Path, parts: Parts) -> Gallery:
    """A baked gallery of twelve."""
    gallery = make(tmp_path / "g", parts, 12, 'base = "/any-repo/"')
    built(gallery)
    return gallery


def remove(gallery: Gallery, number: int, bake: Callable[[Gallery], object] = built) -> None:
    with Catalogue(gallery.folder / FILE, write=True) as catalogue:
        exhibit = catalogue.numbered("galaxies", number)
        assert exhibit is not None
        catalogue.removed(exhibit.id, "asked to")
    bake(gallery)


def crawl(start: str) -> dict[str, bytes]:
    """Everything that plain HTTP finds from the first page on."""
    seen: dict[str, bytes] = {}
    todo = [start]
    while todo:
        address = todo.pop()
        if address in seen:
            continue
        with urllib.request.urlopen(address, timeout=30) as answer:
            seen[address] = answer.read()
            if answer.headers.get_content_type() == "text/html":
                page = Page()
                page.feed(seen[address].decode())
                found = (urljoin(answer.url, link).partition("#")[0] for link in page.links if ":" not in link)
                todo += (one for one in found if "/-live/" not in one)
    return seen


def walked(checkout: Path) -> None:
    """A visit under the path of a repository: `sound` fails on anything that does not load."""
    with chromium() as browser, served(checkout, "/any-repo/") as address, sound(browser) as page:
        page.goto(address)
        before = shown(page)
        page.keyboard.press("ArrowRight")
        after(page, before)
        page.goto(f"{address}galaxies/gallery/")
        page.locator(".tile a").first.click()
        page.locator("h1.card-title").wait_for()


@pytest.mark.slow
def test_a_branch_holds_the_whole_site(site: Gallery, tmp_path: Path) -> None:
    """Visitors of GitHub Pages would miss exhibits, or the maker's repository would fill with old media."""
    bare = tmp_path / "repo.git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(site.folder, "init", "-q")
    git(site.folder, "remote", "add", "origin", str(bare))
    bake(site)  # with the real script and style, for the browser
    to_pages(site)
    checkout = tmp_path / "checkout"
    git(tmp_path, "clone", "-q", "--branch", "site", str(bare), str(checkout))
    shutil.rmtree(checkout / ".git")
    assert contents(checkout) == contents(site.public)
    with served(checkout, "/any-repo/") as address:
        seen = crawl(address)
    found = {unquote(urlsplit(one).path) for one in seen}
    assert {f"/any-repo/galaxies/{number}.html" for number in range(1, 13)} <= found
    if CHROMIUM:
        walked(checkout)
    before = set(git(bare, "rev-list", "--objects", "site").splitlines())
    remove(site, 5, bake)
    to_pages(site)
    assert git(bare, "rev-list", "--count", "site") == "1", "old pages would stay in the history"
    after = set(git(bare, "rev-list", "--objects", "site").splitlines())
    assert len(after - before) < len(after) / 2, "everything was committed anew"
    assert git(site.folder, "count-objects").startswith("0 "), "the maker's own repository holds none of it"


def test_a_branch_needs_a_repository(site: Gallery) -> None:
    """The maker would see git's own words, and not what to do."""
    with pytest.raises(UsageError, match="git remote add origin"):
        to_pages(site)
    with pytest.raises(UsageError, match="hyphen"):
        to_pages(site, remote="--upload-pack=x")
    with pytest.raises(NonesuchError, match="push failed"):
        to_pages(site, remote=str(site.folder / "no-such.git"))


def test_a_remote_beside_the_gallery_is_found_from_here(site: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git is run elsewhere, where a relative path leads nowhere."""
    git(site.folder.parent, "init", "-q", "--bare", "site.git")
    git(site.folder, "init", "-q")
    git(site.folder, "remote", "add", "origin", "../site.git")
    to_pages(site)
    monkeypatch.chdir(site.folder)
    to_pages(site, branch="other", remote="../site.git")
    assert git(site.folder.parent / "site.git", "branch", "--format", "%(refname:short)").split() == ["other", "site"]


def test_a_failure_is_told_by_its_reason() -> None:
    complaint = (
        "fatal: '/x' does not appear to be a git repository\nfatal: Could not read.\n\nand the repository exists.\n"
    )
    assert reason_of(complaint) == "fatal: '/x' does not appear to be a git repository"


def test_no_message_holds_a_token() -> None:
    """A token in a remote's address would end in a log."""
    assert without_secret("https://me:ghp_secret@github.com/me/x.git") == "https://github.com/me/x.git"
    complaint = reason_of("x\nfatal: unable to access 'https://me:ghp_secret@github.com/x/'\n")
    assert "ghp_secret" not in without_secret(complaint)


def test_a_folder_follows_the_site(site: Gallery, tmp_path: Path) -> None:
    """A web server's folder would keep pages of withdrawn exhibits, or lose files of the maker's own."""
    target = tmp_path / "www"
    written, removed = to_folder(site, target)
    assert (written, removed) == (len(contents(site.public)), 0)
    (target / "CNAME").write_text("example.org")
    assert to_folder(site, target) == (0, 0)
    remove(site, 5)
    written, removed = to_folder(site, target)
    assert 0 < written < 20
    assert removed >= 1, "the page, and the data files that were named by what they held"
    (target / "CNAME").unlink()
    assert contents(target) == contents(site.public)


def test_a_folder_with_other_files_is_not_filled(site: Gallery, tmp_path: Path) -> None:
    """A mistyped folder would be strewn with pages, or the gallery itself overwritten."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="--merge"):
        to_folder(site, tmp_path / "home")
    for own in (site.folder, site.public, site.folder.parent):
        with pytest.raises(UsageError):
            to_folder(site, own, merge=True)
    to_folder(site, tmp_path / "home", merge=True)
    assert (tmp_path / "home" / "letter.txt").read_text() == "dear"


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")
def test_rsync_sends_what_differs(site: Gallery, tmp_path: Path) -> None:
    """The same, on another machine."""
    to_rsync(site, f"{tmp_path}/there/")
    time.sleep(1.1)  # rsync compares times in whole seconds
    remove(site, 5)
    to_rsync(site, f"{tmp_path}/there/", delete=True)
    assert contents(tmp_path / "there") == contents(site.public)
    with pytest.raises(UsageError):
        to_rsync(site, "--rsh=x")


def test_half_a_site_stays_here(site: Gallery) -> None:
    """Visitors would see what a killed bake left."""
    (site.public / "index.html").unlink()
    with pytest.raises(NonesuchError, match="nonesuch bake"):
        to_folder(site, site.folder.parent / "www")
    assert run(["validate", str(site.folder)]) == 1


class Host(ThreadingHTTPServer):
    """Netlify's deploy API as its documentation describes it: compares digests in the background, keeps contents."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Deploys)
        self.kept: dict[str, bytes] = {}
        self.files: dict[str, str] = {}
        self.puts = 0
        self.refusal = ""


class Deploys(BaseHTTPRequestHandler):
    server: Host

    def do_POST(self) -> None:
        asked = json.loads(self._body())
        self.server.files = asked["files"]
        self._answer({"id": "d1", "state": "preparing" if asked["async"] else "prepared"})

    def do_GET(self) -> None:
        if self.server.refusal:
            self._answer({"id": "d1", "state": "error", "error_message": self.server.refusal})
            return
        required = sorted(set(self.server.files.values()) - set(self.server.kept))
        self._answer({"id": "d1", "state": "prepared", "required": required, "ssl_url": "https://x.netlify.app"})

    def do_PUT(self) -> None:
        body = self._body()
        path = unquote(self.path.partition("/files")[2])
        assert hashlib.sha1(body).hexdigest() == self.server.files[path]
        self.server.kept[hashlib.sha1(body).hexdigest()] = body
        self.server.puts += 1
        self._answer({})

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(self, value: dict[str, object]) -> None:
        good = self.headers["Authorization"] == "Bearer s3cret"
        self.send_response(200 if good else 401)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *_: object) -> None:
        pass


def test_netlify_gets_what_it_lacks(site: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every deploy would send everything, or leave something out."""
    monkeypatch.setattr(netlify, "PAUSE", 0.01)
    monkeypatch.setenv(netlify.TOKEN, "s3cret")
    with Host() as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        api = f"http://127.0.0.1:{host.server_port}/api/v1"
        assert netlify.to_netlify(site, "x.netlify.app", api=api) == "https://x.netlify.app"
        got = {path[1:]: hashlib.sha256(host.kept[digest]).hexdigest() for path, digest in host.files.items()}
        assert got == contents(site.public)
        first = host.puts
        remove(site, 5)
        netlify.to_netlify(site, "x.netlify.app", api=api)
        assert 0 < host.puts - first < first / 2
        host.refusal = "no credit left"
        with pytest.raises(NonesuchError, match="Netlify refused the deploy: no credit left"):
            netlify.to_netlify(site, "x.netlify.app", api=api)
        monkeypatch.setenv(netlify.TOKEN, "wr0ng")
        with pytest.raises(NonesuchError, match="token is not accepted") as refused:
            netlify.to_netlify(site, "x.netlify.app", api=api)
        host.shutdown()
    assert "wr0ng" not in str(refused.value)
    monkeypatch.delenv(netlify.TOKEN)
    with pytest.raises(UsageError, match=netlify.TOKEN):
        netlify.to_netlify(site, "x", api=api)


def test_a_good_site_is_valid(gallery: Gallery, capsys: pytest.CaptureFixture[str]) -> None:
    """A maker would be warned of nothing, and stop reading."""
    built(gallery)
    found, findings = validate(gallery.public, host="cloudflare")
    assert findings == []
    assert found.files == len(contents(gallery.public))
    assert found.files < 11 * COUNT
    assert run(["validate", str(gallery.folder), "--host", "pages"]) == 0
    assert f"{found.files:,} files" in capsys.readouterr().out


def test_what_is_broken_is_named(site: Gallery, capsys: pytest.CaptureFixture[str]) -> None:
    """Dead links, pictures without words and broken HTML would be found by visitors."""
    (site.public / "galaxies/7.html").unlink()
    six = site.public / "galaxies/6.html"
    six.write_text(six.read_text().replace("<main", "<b><main", 1).replace(' alt="A galaxy', ' title="A galaxy', 1))
    _, findings = validate(site.public, site.about.base)
    said = " ".join(finding.text for finding in findings)
    assert "galaxies/8.html: the link ../galaxies/7.html leads nowhere" in said
    assert "galaxies/6.html: line" in said
    assert "a picture without alt" in said
    assert "galaxies/6.html: <b> is never closed" in said
    assert run(["validate", str(site.folder)]) == 1
    assert "wrong: " in capsys.readouterr().err


def test_limits_of_hosts(site: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """A maker would learn of a limit from the host, in the middle of a deploy."""
    found = survey(site.public)
    with (site.public / "large.bin").open("wb") as file:
        file.truncate(101 * hosts.MIB)  # a hole: it takes no room
    (site.public / "_x.html").write_text("")
    (site.public / ".nojekyll").unlink()
    said = " ".join(one.text for one in against(survey(site.public), "pages") if one.grave)
    assert "large.bin has 105,906,176 bytes, GitHub Pages allows 104,857,600 in a file" in said
    assert "_x.html begins with an underscore" in said
    with pytest.raises(NonesuchError, match=r"large\.bin"):
        to_pages(site, remote="/nowhere/x.git")
    monkeypatch.setitem(hosts.HOSTS, "cloudflare", Limits("C", files=found.files - 1))
    assert [one.grave for one in against(found, "cloudflare")] == [True]
    monkeypatch.setitem(hosts.HOSTS, "cloudflare", Limits("C", files=found.files + 1, folder=10**6))
    assert [one.grave for one in against(found, "cloudflare")] == [False], "close to it: said, and let through"
