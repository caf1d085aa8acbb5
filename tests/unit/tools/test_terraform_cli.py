"""tools/terraform_cli.py: Terraform and its provider are found, or one sentence says what is missing."""

from __future__ import annotations

import http.server
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools import terraform_cli
from tools.terraform_cli import PROVIDER, TerraformUnavailable, registry_is_reachable, satisfies

Environment = Callable[..., dict[str, str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home directory."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def environ(tmp_path: Path, home: Path) -> dict[str, str]:
    """An environment whose PATH holds a Terraform 1.11.4, and which leads nowhere else."""
    install_terraform(tmp_path / "bin", "1.11.4")
    return {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "HOME": str(home), "XDG_DATA_DIRS": str(tmp_path / "share")}


@pytest.fixture
def prepared(tmp_path: Path, environ: dict[str, str]) -> Environment:
    """The function under test, in folders of its own."""
    module = tmp_path / "module"
    module.mkdir()
    (module / "versions.tf").write_text(
        'terraform {\n  required_version = ">= 1.9"\n  required_providers {\n    aws = {\n'
        '      source  = "hashicorp/aws"\n      version = ">= 5.100.0, < 7"\n    }\n  }\n}\n'
    )

    def run(*search_roots: Path) -> dict[str, str]:
        return terraform_cli.terraform_environment(
            environ, root=module, work=tmp_path / "work", search_roots=search_roots
        )

    return run


@pytest.fixture(params=[False], ids=["no registry"])
def registry(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the registry answers."""
    monkeypatch.setattr(terraform_cli, "registry_is_reachable", lambda: request.param)


with_registry = pytest.mark.parametrize("registry", [True], indirect=True, ids=["registry"])
pytestmark = pytest.mark.usefixtures("registry")


def install_terraform(folder: Path, version: str) -> None:
    """Put a Terraform into a folder that knows its version and complains about a configuration called broken."""
    folder.mkdir(exist_ok=True)
    executable = folder / "terraform"
    executable.write_text(
        "#!/bin/sh\n"
        'if grep -qs broken "${TF_CLI_CONFIG_FILE:-$HOME/.terraformrc}"; then\n'
        '    echo "There are some problems with the CLI configuration:" >&2\n'
        "fi\n"
        'if [ "$1" = version ]; then\n'
        f'    echo \'{{"terraform_version": "{version}", "platform": "linux_amd64"}}\'\n'
        "else\n"
        '    echo "$@" "$TF_INPUT"; exit 7\n'
        "fi\n"
    )
    executable.chmod(0o755)


def make_mirror(folder: Path, version: str = "5.100.0", platform: str = "linux_amd64") -> Path:
    """Make an unpacked mirror."""
    (folder / PROVIDER / version / platform).mkdir(parents=True)
    return folder


def mirror_in(environment: dict[str, str]) -> str:
    """The text of the CLI configuration that names a mirror."""
    return Path(environment["TF_CLI_CONFIG_FILE"]).read_text()


def test_without_terraform_one_sentence_says_so(prepared: Environment, environ: dict[str, str]) -> None:
    environ["PATH"] = environ["HOME"]
    with pytest.raises(TerraformUnavailable, match=r"^There is no terraform on PATH: install Terraform >= 1\.9 .*\.$"):
        prepared()


def test_a_terraform_that_is_too_old_is_named_with_its_version(prepared: Environment, tmp_path: Path) -> None:
    install_terraform(tmp_path / "bin", "1.8.5")
    with pytest.raises(TerraformUnavailable, match=r"bin/terraform is Terraform 1\.8\.5: install Terraform >= 1\.9"):
        prepared()


def test_a_terraform_that_does_not_run_is_named(prepared: Environment, tmp_path: Path) -> None:
    (tmp_path / "bin" / "terraform").write_text("#!/bin/sh\necho exec format error >&2\nexit 1\n")
    with pytest.raises(TerraformUnavailable, match=r"does not run \(exec format error\)"):
        prepared()


def test_without_any_source_of_the_provider_one_sentence_names_both_ways(prepared: Environment, tmp_path: Path) -> None:
    with pytest.raises(TerraformUnavailable, match=r"access to its registry, or let CVPN_TERRAFORM_MIRROR name"):
        prepared(tmp_path / "nowhere")


@with_registry
def test_the_registry_is_used_where_it_answers(prepared: Environment, tmp_path: Path) -> None:
    environment = prepared(make_mirror(tmp_path / "opt" / "mirror"))
    assert "mirror" not in mirror_in(environment)


@with_registry
def test_a_configuration_without_a_say_on_providers_stays_in_use(prepared: Environment, home: Path) -> None:
    (home / ".terraformrc").write_text('credentials "app.terraform.io" {}\n')
    assert "TF_CLI_CONFIG_FILE" not in prepared()


@with_registry
def test_a_configuration_file_that_does_not_exist_is_replaced(
    prepared: Environment, environ: dict[str, str], tmp_path: Path
) -> None:
    environ["TF_CLI_CONFIG_FILE"] = str(tmp_path / "missing")
    assert Path(prepared()["TF_CLI_CONFIG_FILE"]).is_file()


@with_registry
def test_a_configuration_that_terraform_cannot_read_is_replaced(prepared: Environment, home: Path) -> None:
    (home / ".terraformrc").write_text("broken {\nprovider_installation {\n")
    assert "provider_installation" not in mirror_in(prepared())


def test_the_users_own_provider_installation_is_left_alone(
    prepared: Environment, environ: dict[str, str], tmp_path: Path
) -> None:
    configuration = tmp_path / "terraformrc"
    configuration.write_text("provider_installation {\n  direct {}\n}\n")
    environ["TF_CLI_CONFIG_FILE"] = str(configuration)
    assert "TF_CLI_CONFIG_FILE" not in prepared(make_mirror(tmp_path / "opt"))


@pytest.mark.parametrize("below", ["", "plugins", "terraform/1/plugins"])
def test_a_mirror_is_found_down_to_three_levels_below_a_root(below: str, prepared: Environment, tmp_path: Path) -> None:
    mirror = make_mirror(tmp_path / "opt" / below)
    assert f'path = "{mirror}"' in mirror_in(prepared(tmp_path / "srv", tmp_path / "opt"))


def test_a_mirror_deeper_than_that_is_not_looked_for(prepared: Environment, tmp_path: Path) -> None:
    make_mirror(tmp_path / "opt/1/2/3/4")
    with pytest.raises(TerraformUnavailable):
        prepared(tmp_path / "opt")


def test_the_home_directory_is_searched_after_the_usual_roots(
    environ: dict[str, str],
    prepared: Environment,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def found() -> str:
        module, work = tmp_path / "module", tmp_path / "work"
        return mirror_in(terraform_cli.terraform_environment(environ, root=module, work=work))

    monkeypatch.setattr(terraform_cli, "SEARCH_ROOTS", (tmp_path / "opt",))
    make_mirror(home / "plugins")
    assert f'path = "{home / "plugins"}"' in found()
    make_mirror(tmp_path / "opt")
    assert f'path = "{tmp_path / "opt"}"' in found()


def test_a_packed_mirror_is_a_mirror(prepared: Environment, tmp_path: Path) -> None:
    folder = tmp_path / "opt" / PROVIDER
    folder.mkdir(parents=True)
    (folder / "terraform-provider-aws_6.1.0_linux_amd64.zip").touch()
    assert f'path = "{tmp_path / "opt"}"' in mirror_in(prepared(tmp_path / "opt"))


@pytest.mark.parametrize(
    ("version", "platform"), [("5.99.9", "linux_amd64"), ("7.0.0", "linux_amd64"), ("5.100.0", "darwin_arm64")]
)
def test_a_mirror_with_another_version_or_platform_is_passed_over(
    version: str, platform: str, prepared: Environment, tmp_path: Path
) -> None:
    make_mirror(tmp_path / "opt" / "a", version, platform)
    good = make_mirror(tmp_path / "opt" / "b")
    assert f'path = "{good}"' in mirror_in(prepared(tmp_path / "opt"))


@pytest.mark.parametrize(
    "name", [".terraform.d/plugins", ".local/share/terraform/plugins", "../share/terraform/plugins"]
)
def test_terraforms_implied_mirror_directories_come_before_the_search(
    name: str, prepared: Environment, home: Path, tmp_path: Path
) -> None:
    implied = make_mirror(home / name)
    environment = prepared(make_mirror(tmp_path / "opt"))
    assert Path(mirror_in(environment).split('"')[1]).samefile(implied)


@with_registry
def test_the_variable_for_a_mirror_beats_everything(
    prepared: Environment, environ: dict[str, str], home: Path, tmp_path: Path
) -> None:
    (home / ".terraformrc").write_text("provider_installation {\n  direct {}\n}\n")
    environ["CVPN_TERRAFORM_MIRROR"] = str(make_mirror(tmp_path / "named"))
    assert f'path = "{tmp_path / "named"}"' in mirror_in(prepared(make_mirror(tmp_path / "opt")))


def test_a_variable_that_names_no_mirror_is_an_error(
    prepared: Environment, environ: dict[str, str], tmp_path: Path
) -> None:
    environ["CVPN_TERRAFORM_MIRROR"] = str(tmp_path / "empty")
    with pytest.raises(
        TerraformUnavailable, match=r"CVPN_TERRAFORM_MIRROR names .*/empty, which holds no .*linux_amd64"
    ):
        prepared(make_mirror(tmp_path / "opt"))


def test_terraform_asks_nothing_and_writes_nothing_outside_the_work_folder(
    prepared: Environment, tmp_path: Path
) -> None:
    environment = prepared(make_mirror(tmp_path / "opt"))
    assert environment["CHECKPOINT_DISABLE"] == environment["TF_IN_AUTOMATION"] == "1"
    assert environment["TF_INPUT"] == "0"
    for name in ("TF_PLUGIN_CACHE_DIR", "TF_CLI_CONFIG_FILE"):
        assert Path(environment[name]).is_relative_to(tmp_path / "work")
    # Terraform refuses a plugin cache that does not exist.
    assert Path(environment["TF_PLUGIN_CACHE_DIR"]).is_dir()


def test_arguments_and_exit_status_pass_through(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    environ["CVPN_TERRAFORM_MIRROR"] = str(make_mirror(tmp_path / "named"))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert terraform_cli.main(["--", "validate", "-json"]) == 7
    assert capfd.readouterr().out == "validate -json 0\n"


def test_a_missing_terraform_ends_in_exit_status_1_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    monkeypatch.setenv("PATH", str(home))
    assert terraform_cli.main(["version"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("version", "constraint", "expected"),
    [
        ("1.9.0", ">= 1.9", True),
        ("1.10.0", ">= 1.9", True),
        ("1.8.9", ">= 1.9", False),
        ("6.99.1", ">= 5.100.0, < 7", True),
        ("7.0.0", ">= 5.100.0, < 7", False),
        ("1.12.0-beta1", ">= 1.9", True),
        ("5.100.0", "5.100.0", True),
        ("5.100.1", "= 5.100.0", False),
        ("5.100.1", "!= 5.100.0", True),
        ("5.100.9", "~> 5.100.1", True),
        ("5.101.0", "~> 5.100.1", False),
        ("5.101.0", "~> 5.100", True),
        ("5.99.0", "~> 5.100", False),
        ("2.0.0", "> 1.9, <= 2", True),
    ],
)
def test_versions_are_compared_as_terraform_does(version: str, constraint: str, expected: bool) -> None:
    assert satisfies(version, constraint) is expected


def test_a_constraint_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="newest"):
        satisfies("1.9.0", "newest")


class _Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"providers.v1": "/v1/providers/"}' if self.path == "/registry" else b"<html>Log in first</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server on loopback: /registry is a registry, everything else the login page of some network."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Registry) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_a_registry_that_answers_is_reachable_and_a_login_page_is_none(server: str) -> None:
    assert registry_is_reachable(f"{server}/registry")
    assert not registry_is_reachable(f"{server}/login")


def test_a_registry_that_never_answers_costs_no_more_than_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        assert not registry_is_reachable(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.3)
        assert time.monotonic() - started < 2
