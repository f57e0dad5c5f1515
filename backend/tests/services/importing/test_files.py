"""Archives are opened member by member, within limits; what cannot be opened is named."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest

from app.services.importing import files
from app.services.importing.files import BadMember, Member, Source, open_source, walk
from app.services.importing.findings import Rule


def opened(path: Path) -> list[Member | BadMember]:
    return list(open_source(Source(path, True, path.stat().st_size)))


def tar_xz(path: Path, members: dict[str, bytes]) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    path.write_bytes(lzma.compress(raw.getvalue()))


def test_every_kind_of_archive_gives_the_same_members(tmp_path: Path) -> None:
    content = b"SYMBOL,SERIES\nA,EQ\n"
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", content)
    tar_xz(tmp_path / "a.tar.xz", {"a.csv": content})
    for path in sorted(tmp_path.iterdir()):
        (member,) = opened(path)
        assert isinstance(member, Member), path
        assert (member.name, member.data) == ("a.csv", content)


def test_a_bomb_is_stopped_while_it_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = b"0" * (12 * 1024 * 1024)
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(zeros))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", zeros)
    tar_xz(tmp_path / "bomb.tar.xz", {"bomb.csv": zeros})
    for path in sorted(tmp_path.iterdir()):
        (bad,) = opened(path)
        assert isinstance(bad, BadMember), path
        assert bad.error.finding.rule is Rule.ARCHIVE_LIMIT, path


def test_a_member_or_count_over_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_MEMBERS", 3)
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for n in range(4):
            archive.writestr(f"{n}.csv", b"x")
    (bad,) = opened(tmp_path / "many.zip")
    assert isinstance(bad, BadMember) and bad.error.finding.rule is Rule.ARCHIVE_LIMIT
    monkeypatch.setattr(files, "MAX_MEMBER_BYTES", 10)
    (tmp_path / "large.csv").write_bytes(b"x" * 11)
    (bad,) = opened(tmp_path / "large.csv")
    assert isinstance(bad, BadMember) and bad.error.finding.rule is Rule.ARCHIVE_LIMIT


def test_an_archive_inside_an_archive_is_not_opened_and_the_rest_is(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep.csv", b"x")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.writestr("inner.zip", inner.getvalue())
        archive.writestr("plain.csv", b"y")
    bad, good = opened(tmp_path / "outer.zip")
    assert isinstance(bad, BadMember) and "inside an archive" in str(bad.error)
    assert isinstance(good, Member) and good.data == b"y"


@pytest.mark.parametrize("suffix", ["zip", "csv.gz", "tar.xz"])
def test_an_archive_cut_short_is_damaged(tmp_path: Path, suffix: str) -> None:
    content = bytes(range(256)) * 400
    path = tmp_path / f"a.{suffix}"
    if suffix == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.csv", content)
    elif suffix == "tar.xz":
        tar_xz(path, {"a.csv": content})
    else:
        path.write_bytes(gzip.compress(content))
    path.write_bytes(path.read_bytes()[:-60])
    (bad,) = [one for one in opened(path) if isinstance(one, BadMember)]
    assert bad.error.finding.rule is Rule.ARCHIVE_DAMAGED


def test_walking_is_in_order_without_repeats_and_counts_what_it_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2.csv", "1.csv", "README.md", ".hidden"):
        (tmp_path / name).write_bytes(b"x")
    sources, missing, ignored = walk([tmp_path, tmp_path / "1.csv", tmp_path / "nowhere"])
    assert [source.path.name for source in sources] == ["1.csv", "2.csv"]
    assert sources[0].named and not sources[1].named
    assert (missing, ignored) == ([tmp_path / "nowhere"], 2)
