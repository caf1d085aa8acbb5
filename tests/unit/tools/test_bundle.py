"""tools/bundle.py: the same sources give the same zip, whoever builds it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from localaws.awslambda.interpreters import MINORS, find_interpreter
from tools import ROOT, bundle

BUILDER = ROOT / "tools" / "bundle.py"
VERSION = "2026.6"
START = "connect_handler/__pycache__/__init__.cpython-313.pyc"
"""The member with the bytecode of all modules that a cold start imports."""


def interpreters() -> list[str]:
    """Every Python that Lambda offers and this machine has."""
    return [found.executable for minor in MINORS if (found := find_interpreter(minor))]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A package such as the handler's, with what lies about in one."""
    files = {
        "connect_handler/__init__.py": "",
        "connect_handler/handler.py": "def handler(event, context): ...\n",
        "connect_handler/sub/data.json": "{}\n",
        "connect_handler/__pycache__/handler.cpython-311.pyc": "bytecode",
        "connect_handler/sub/__pycache__/x.cpython-311.pyc": "bytecode",
        "connect_handler/.DS_Store": "litter",
    }
    return written(tmp_path, files) / "connect_handler"


@pytest.fixture
def tzdata(tmp_path: Path) -> Path:
    """A folder in which tzdata is installed, beside something else."""
    files = {
        "site/tzdata/__init__.py": "",
        "site/tzdata/zoneinfo/Europe/Berlin": "TZif",
        f"site/tzdata-{VERSION}.dist-info/METADATA": "Name: tzdata\n",
        f"site/tzdata-{VERSION}.dist-info/licenses/LICENSE": "licence",
        f"site/tzdata-{VERSION}.dist-info/licenses/licenses/LICENSE_APACHE": "other licence",
        "site/rich/__init__.py": "",
    }
    return written(tmp_path, files) / "site"


def default_python() -> dict[str, str]:
    """Return a Python of the default runtime, by its version."""
    python = bundle.compiler()
    if python is None:
        pytest.skip(f"needs a Python {bundle.DEFAULT_MINOR}")
    return {bundle.DEFAULT_MINOR: python}


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("interpreter", interpreters())
def test_every_python_of_this_machine_builds_the_committed_bundle(interpreter: str, tmp_path: Path) -> None:
    built = tmp_path / "built.zip"
    tzdata = bundle.installed_tzdata()
    pythons = bundle.compilers()
    arguments = [interpreter, "-I", "-S", str(BUILDER), "--tzdata", str(tzdata)]
    for python in pythons.values():
        arguments += ["--python", python]
    subprocess.run([*arguments, "--output", str(built)], check=True, cwd=tmp_path)
    assert without_bytecode(built) == without_bytecode(bundle.BUNDLE), "run `make bundle`"
    subprocess.run([*arguments, "--check"], check=True, cwd=tmp_path)


def without_bytecode(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as built:
        return {name: built.read(name) for name in built.namelist() if not name.endswith(".pyc")}


def test_the_bundle_carries_bytecode_for_the_runtime_that_the_module_uses_by_default() -> None:
    variables = (ROOT / "modules" / "handler" / "variables_function.tf").read_text()
    default = re.search(r'variable "runtime" {.*?default += "python([\d.]+)"', variables, re.DOTALL)
    assert default is not None
    assert default[1] == bundle.DEFAULT_MINOR


@pytest.mark.parametrize("interpreter", interpreters())
def test_every_runtime_loads_the_bytecode_and_compiles_nothing(interpreter: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle.BUNDLE) as committed:
        committed.extractall(tmp_path)
    for source in (tmp_path / "connect_handler").rglob("*.py"):
        source.write_text("raise ImportError")  # unchecked: the bytecode is not compared with it
    statement = (
        "import sys; sys.path.insert(0, sys.argv[1]); import connect_handler.handler as h, gc;"
        "from connect_handler import deploy_gate; print(h.__file__, deploy_gate.__file__, gc.isenabled())"
    )
    command = [interpreter, "-I", "-B", "-c", statement, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    folder = tmp_path / "connect_handler"
    assert run.stdout.split() == [str(folder / "handler.py"), str(folder / "deploy_gate.py"), "True"]


@pytest.mark.parametrize("with_interpreter", [True, False])
def test_bytecode_of_another_source_is_found_with_and_without_the_interpreter(
    with_interpreter: bool, source: Path, tzdata: Path, tmp_path: Path
) -> None:
    pythons = default_python()
    sources = bundle.members(source, tzdata, VERSION)
    other = {**sources, "connect_handler/handler.py": b"def handler(event, context): return 1\n"}
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle.archive(sources | bundle.bytecode(other, pythons)))
    assert bundle.differences(path, sources, pythons if with_interpreter else {}) == [
        f"not the bytecode of its sources: {START}"
    ]


def test_bytecode_that_only_says_it_is_of_the_source_is_found(source: Path, tzdata: Path, tmp_path: Path) -> None:
    pythons = default_python()
    sources = bundle.members(source, tzdata, VERSION)
    other = {**sources, "connect_handler/handler.py": b"def handler(event, context): return 1\n"}
    made, forged = bundle.bytecode(sources, pythons), bundle.bytecode(other, pythons)
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle.archive(sources | made | {START: made[START][:16] + forged[START][16:]}))
    assert bundle.differences(path, sources, pythons) == [f"not the bytecode of its sources: {START}"]


def test_what_a_cold_start_loads_is_what_importing_the_entry_point_imports(tmp_path: Path) -> None:
    sources = bundle.members(bundle.SOURCE, bundle.installed_tzdata(), bundle.pinned_tzdata())
    statement = (
        "import sys; sys.path.insert(0, sys.argv[1]); import connect_handler.handler;"
        "print(*[name for name in sys.modules if name.startswith('connect_handler.')])"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", statement, bundle.SOURCE.parent],
        env={"POLICY": '{"rules": [{"name": "staff", "effect": "allow"}]}'},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {name.replace(".", "/") for name in run.stdout.split()}
    start = {name.removesuffix(".py").removesuffix("/__init__") for name in bundle.start_modules(sources)}
    assert start == imported


def test_a_named_interpreter_of_another_version_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert bundle.main(["--check", "--python", "python-that-is-not-there"]) == 1
    assert "python-that-is-not-there is no Python 3.11" in capsys.readouterr().err


def test_the_bundle_runs_from_its_root(tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle.BUNDLE) as committed:
        committed.extractall(tmp_path)
    statement = (
        "import sys; sys.path.insert(0, sys.argv[1]); import connect_handler.handler as h, tzdata, zoneinfo;"
        "print(h.__file__, tzdata.__file__, zoneinfo.ZoneInfo('Europe/Berlin'))"
    )
    # -I -S: nothing but the standard library beside the bundle.
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", statement, tmp_path], capture_output=True, text=True, check=True
    )
    handler, zones, zone = run.stdout.split()
    assert Path(handler).is_relative_to(tmp_path)
    assert Path(zones).is_relative_to(tmp_path)
    assert zone == "Europe/Berlin"


def test_the_bundle_holds_the_package_the_time_zones_and_their_licences(source: Path, tzdata: Path) -> None:
    assert set(bundle.members(source, tzdata, VERSION)) == {
        "connect_handler/__init__.py",
        "connect_handler/handler.py",
        "connect_handler/sub/data.json",
        "tzdata/__init__.py",
        "tzdata/zoneinfo/Europe/Berlin",
        f"tzdata-{VERSION}.dist-info/licenses/LICENSE",
        f"tzdata-{VERSION}.dist-info/licenses/licenses/LICENSE_APACHE",
    }


def test_neither_the_order_nor_the_dates_nor_the_modes_of_the_files_matter(source: Path, tzdata: Path) -> None:
    first = bundle.archive(bundle.members(source, tzdata, VERSION))
    for path in source.rglob("*.py"):
        os.utime(path, (1, 1_700_000_000))
        path.chmod(0o600)
    contents = bundle.members(source, tzdata, VERSION)
    assert bundle.archive(dict(reversed(contents.items()))) == first


def test_members_are_stored_sorted_dated_1980_and_readable_by_all(source: Path, tzdata: Path, tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle.archive(bundle.members(source, tzdata, VERSION)))
    with zipfile.ZipFile(path) as built:
        entries = built.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {(entry.create_system, entry.external_attr >> 16) for entry in entries} == {(3, 0o100644)}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}


def test_check_names_the_members_that_differ(source: Path, tzdata: Path, tmp_path: Path) -> None:
    contents = bundle.members(source, tzdata, VERSION)
    path = tmp_path / "bundle.zip"
    pythons = default_python()
    path.write_bytes(bundle.archive(contents | bundle.bytecode(contents, pythons)))
    assert bundle.differences(path, contents, pythons) == []
    changed = {**contents, "connect_handler/handler.py": b"pass\n", "connect_handler/new.py": b""}
    assert bundle.differences(path, changed, pythons) == [
        "missing: connect_handler/__pycache__/new.cpython-313.pyc",
        "missing: connect_handler/new.py",
        "changed: connect_handler/handler.py",
    ]


def test_check_sees_a_bundle_that_another_program_packed(source: Path, tzdata: Path, tmp_path: Path) -> None:
    pythons = default_python()
    contents = bundle.members(source, tzdata, VERSION)
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as other:
        for name, data in (contents | bundle.bytecode(contents, pythons)).items():
            other.writestr(name, data)
    assert bundle.differences(path, contents, pythons) == [
        "the members are the same; their order, dates or modes are not"
    ]


@pytest.mark.parametrize("text", [None, "no zip file"])
def test_check_fails_without_a_bundle(
    text: str | None, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bundle.zip"
    if text is not None:
        path.write_text(text)
    assert bundle.main(["--check", "--source", str(source), "--output", str(path)]) == 1
    assert str(path) in capsys.readouterr().err
    assert path.exists() == (text is not None)


def test_another_version_of_tzdata_than_the_pinned_one_is_refused(source: Path, tzdata: Path) -> None:
    with pytest.raises(bundle.BundleError, match=rf"carries tzdata 2020\.1, .* has tzdata-{VERSION}\.dist-info"):
        bundle.members(source, tzdata, "2020.1")


def test_tzdata_without_its_licences_is_refused(source: Path, tzdata: Path) -> None:
    for path in list(tzdata.rglob("LICENSE*")):
        path.unlink()
    with pytest.raises(bundle.BundleError, match="no licence file"):
        bundle.members(source, tzdata, VERSION)


def test_a_package_without_the_entry_point_is_refused(source: Path, tzdata: Path) -> None:
    (source / "handler.py").unlink()
    with pytest.raises(bundle.BundleError, match=r"has no handler\.py"):
        bundle.members(source, tzdata, VERSION)


def test_pyproject_must_pin_tzdata(tmp_path: Path) -> None:
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text('[project.optional-dependencies]\ndev = ["tzdata>=2025.1"]\n')
    with pytest.raises(bundle.BundleError, match="pins no tzdata"):
        bundle.pinned_tzdata(pyproject)
    pyproject.write_text('[project.optional-dependencies]\ndev = ["rich", "tzdata==2025.1"]\n')
    assert bundle.pinned_tzdata(pyproject) == "2025.1"


def test_bytecode_of_a_version_that_this_machine_lacks_is_kept_as_long_as_it_is_of_the_sources(
    source: Path, tzdata: Path, tmp_path: Path
) -> None:
    python = default_python()
    sources = bundle.members(source, tzdata, VERSION)
    other = {**sources, "connect_handler/handler.py": b"def handler(event, context): return 1\n"}
    made = bundle.bytecode(sources, python)
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle.archive(sources | made))
    assert bundle.kept_bytecode(path, sources, {}) == made
    assert bundle.kept_bytecode(path, sources, python) == {}
    assert bundle.kept_bytecode(path, other, {}) == {}


def test_the_module_offers_the_runtimes_that_the_bundle_has_bytecode_for() -> None:
    variables = (ROOT / "modules" / "function" / "variables.tf").read_text()
    offered = re.search(r"contains\(\[([^]]*)\], var.runtime\)", variables)
    assert offered is not None
    assert re.findall(r"python([\d.]+)", offered[1]) == list(bundle.MINORS)
