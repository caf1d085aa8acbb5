"""Finds Terraform and a source for its provider, and prepares the environment in which Terraform runs.

``python -m tools.terraform_cli -- validate`` runs Terraform in that environment, in the current directory.

Terraform's own configuration (``TF_CLI_CONFIG_FILE``, ``~/.terraformrc``) is used as far as it works. The AWS
provider comes from, in this order:

1. the directory that the environment variable ``CVPN_TERRAFORM_MIRROR`` names;
2. what ``provider_installation`` in Terraform's own configuration says;
3. the provider's registry, where it can be reached;
4. one of Terraform's implied mirror directories that holds the provider;
5. a directory under /opt, /usr/local/share, /usr/share, /srv or the home directory that holds
   the provider, as ``PROVIDER`` names it.

A mirror that is found is handed to Terraform in a CLI configuration file that is written for the run into
``.cache/terraform`` of the checkout. Terraform writes nothing outside the checkout then: its plugin cache lies
there too, and the check for new versions, which leaves files in the home directory, is off.

See https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools import CACHE, ROOT

PROVIDER = "registry.terraform.io/hashicorp/aws"
MIRROR_VARIABLE = "CVPN_TERRAFORM_MIRROR"
REGISTRY_DISCOVERY = f"https://{PROVIDER.partition('/')[0]}/.well-known/terraform.json"
REGISTRY_TIMEOUT = 4.0
"""Seconds after which the registry counts as out of reach."""

SEARCH_ROOTS = (Path("/opt"), Path("/usr/local/share"), Path("/usr/share"), Path("/srv"))
"""Where a mirror is looked for; the home directory comes after them."""

SEARCH_DEPTH = 3
"""How many levels below a root a mirror is looked for."""


class TerraformUnavailable(Exception):
    """Terraform or its provider cannot be had here; the message is one sentence for the user."""


@dataclass(frozen=True)
class Terraform:
    """An installed Terraform: its executable, its version, and its platform, as in ``linux_amd64``."""

    executable: str
    version: str
    platform: str


@dataclass(frozen=True)
class Requirements:
    """What this project asks for, as versions.tf says it: two version constraints."""

    terraform: str
    provider: str

    @classmethod
    def of(cls, root: Path) -> Requirements:
        """Read the constraints of the root module."""
        text = (root / "versions.tf").read_text(encoding="utf-8")
        terraform = re.search(r'required_version\s*=\s*"([^"]+)"', text)
        provider = re.search(r'source\s*=\s*"hashicorp/aws"\s*version\s*=\s*"([^"]+)"', text)
        if terraform is None or provider is None:
            raise ValueError(
                f"{root / 'versions.tf'} names no required_version, or no version after "
                f'source = "hashicorp/aws"; write both there.'
            )
        return cls(terraform.group(1), provider.group(1))


def satisfies(version: str, constraint: str) -> bool:
    """Tell whether a version satisfies a constraint such as ``>= 5.100.0, < 7``.

    Numbers that are left out count as 0. A pre-release counts as its release.
    """

    def numbers(text: str) -> tuple[int, ...]:
        found = [int(part) for part in re.split(r"[-+]", text.strip())[0].split(".")]
        return tuple(found + [0] * (3 - len(found)))

    actual = numbers(version)
    for part in constraint.split(","):
        match = re.fullmatch(r"\s*(>=|<=|!=|~>|>|<|=|)\s*(\d+(?:\.\d+)*)\s*", part)
        if match is None:
            raise ValueError(f'"{part.strip()}" is not a version constraint; write, for example, ">= 1.9".')
        operator, bound = match.group(1) or "=", numbers(match.group(2))
        if operator == "~>":
            fixed = match.group(2).count(".")
            holds = actual >= bound and actual[:fixed] == bound[:fixed]
        else:
            holds = {
                ">=": actual >= bound,
                "<=": actual <= bound,
                ">": actual > bound,
                "<": actual < bound,
                "=": actual == bound,
                "!=": actual != bound,
            }[operator]
        if not holds:
            return False
    return True


def find_terraform(environ: Mapping[str, str], constraint: str) -> Terraform:
    """Find the Terraform on ``PATH``.

    Raises
    ------
    TerraformUnavailable
        There is none, it does not run, or its version does not satisfy ``constraint``.
    """
    advice = f"install Terraform {constraint} (https://developer.hashicorp.com/terraform/install)"
    executable = shutil.which("terraform", path=environ.get("PATH"))
    if executable is None:
        raise TerraformUnavailable(f"There is no terraform on PATH: {advice}.")
    run = _terraform_version(executable, environ)
    try:
        facts = json.loads(run.stdout)
        terraform = Terraform(executable, facts["terraform_version"], facts["platform"])
    except (ValueError, KeyError):
        reason = (run.stderr.strip().splitlines() or [f"exit status {run.returncode}"])[0]
        raise TerraformUnavailable(f"{executable} does not run ({reason}): {advice}.") from None
    if not satisfies(terraform.version, constraint):
        raise TerraformUnavailable(f"{executable} is Terraform {terraform.version}: {advice}.")
    return terraform


def terraform_environment(
    environ: Mapping[str, str] | None = None,
    *,
    root: Path = ROOT,
    work: Path = CACHE / "terraform",
    search_roots: Iterable[Path] | None = None,
) -> dict[str, str]:
    """Return the environment variables that Terraform's runs need here, to be laid over ``environ``.

    Parameters
    ----------
    environ
        The environment to work in; default: this process's.
    root
        The root module, whose versions.tf says what is required.
    work
        A folder for the CLI configuration and the plugin cache.
    search_roots
        Directories below which to look for a mirror; default: the usual ones.

    Raises
    ------
    TerraformUnavailable
        There is no Terraform, or no provider for it.
    """
    environ = os.environ if environ is None else environ
    requirements = Requirements.of(root)
    terraform = find_terraform(environ, requirements.terraform)

    def variables(configuration: Path | None, source: str) -> dict[str, str]:
        # A cache for each source: Terraform fills it with links into an unpacked mirror.
        plugin_cache = work / "plugins" / source
        plugin_cache.mkdir(parents=True, exist_ok=True)
        return {
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "TF_PLUGIN_CACHE_DIR": str(plugin_cache),
            # There is no lock file that the cache could break: see .gitignore.
            "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1",
        } | ({"TF_CLI_CONFIG_FILE": str(configuration)} if configuration else {})

    def from_mirror(mirror: Path) -> dict[str, str]:
        return variables(_write_configuration(work, mirror), str(mirror).strip("/").replace("/", "-"))

    def holds_provider(mirror: Path) -> bool:
        return _holds_provider(mirror, terraform.platform, requirements.provider)

    named = environ.get(MIRROR_VARIABLE)
    if named:
        mirror = Path(named).expanduser().resolve()
        if not holds_provider(mirror):
            raise TerraformUnavailable(
                f"{MIRROR_VARIABLE} names {mirror}, which holds no {PROVIDER} {requirements.provider} for "
                f"{terraform.platform}: name a directory made by `terraform providers mirror`."
            )
        return from_mirror(mirror)

    own = _own_configuration(environ, terraform)
    if own is not None and _has_block(own, "provider_installation"):
        return variables(None, "configured")
    if registry_is_reachable():
        return variables(None if own else _write_configuration(work, None), "registry")

    home = Path(environ.get("HOME") or Path.home())
    search_roots = [*SEARCH_ROOTS, home] if search_roots is None else search_roots
    for mirror in [*_implied_mirrors(environ, home), *_mirrors_below(search_roots)]:
        if holds_provider(mirror):
            return from_mirror(mirror)
    raise TerraformUnavailable(
        f"There is no way to the provider {PROVIDER} {requirements.provider}: give access to its registry, "
        f"or let {MIRROR_VARIABLE} name a directory made by `terraform providers mirror`."
    )


@cache
def registry_is_reachable(address: str = REGISTRY_DISCOVERY, timeout: float = REGISTRY_TIMEOUT) -> bool:
    """Tell whether the registry answers within ``timeout`` seconds; asked once per run."""
    answers: list[bool] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(address, timeout=timeout) as answer:  # noqa: S310 (our own constant)
                answers.append("providers.v1" in json.load(answer))
        except (OSError, ValueError):
            answers.append(False)

    # A thread, because the timeout above does not cover the name's resolution.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    return answers == [True]


def _terraform_version(executable: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [executable, "version", "-json"],
        env={**environ, "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def _own_configuration(environ: Mapping[str, str], terraform: Terraform) -> Path | None:
    """Return the CLI configuration file that Terraform reads, if there is one and it can be read."""
    named = environ.get("TF_CLI_CONFIG_FILE")
    path = Path(named) if named else Path(environ.get("HOME") or Path.home()) / ".terraformrc"
    if not path.is_file() or "CLI configuration" in _terraform_version(terraform.executable, environ).stderr:
        return None
    return path


def _has_block(path: Path, name: str) -> bool:
    return re.search(rf"(?m)^\s*{name}\b", path.read_text(encoding="utf-8", errors="replace")) is not None


def _write_configuration(work: Path, mirror: Path | None) -> Path:
    """Write a CLI configuration that takes providers from ``mirror``, or else says nothing."""
    work.mkdir(parents=True, exist_ok=True)
    path = work / ("mirror.tfrc" if mirror else "registry.tfrc")
    text = "# Written by tools/terraform_cli.py for its runs of Terraform.\n"
    if mirror is not None:
        text += f"provider_installation {{\n  filesystem_mirror {{\n    path = {json.dumps(str(mirror))}\n  }}\n}}\n"
    # Runs at the same time write the same text: each one replaces the file as a whole.
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
    return path


def _holds_provider(mirror: Path, platform: str, constraint: str) -> bool:
    """Tell whether a filesystem mirror, packed or unpacked, has a version that fits."""
    folder = mirror / PROVIDER
    name = PROVIDER.rpartition("/")[2]
    unpacked = (path.parent.name for path in folder.glob(f"*/{platform}"))
    packed = (
        path.name.removeprefix(f"terraform-provider-{name}_").removesuffix(f"_{platform}.zip")
        for path in folder.glob(f"terraform-provider-{name}_*_{platform}.zip")
    )
    return any(re.match(r"\d+(\.\d+)*", version) and satisfies(version, constraint) for version in (*unpacked, *packed))


def _implied_mirrors(environ: Mapping[str, str], home: Path) -> list[Path]:
    """Terraform's implied local mirror directories.

    https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    data_home = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    data_dirs = (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    mirrors = [home / ".terraform.d/plugins", data_home / "terraform/plugins"]
    return mirrors + [Path(folder) / "terraform/plugins" for folder in data_dirs if folder]


def _mirrors_below(roots: Iterable[Path]) -> Iterator[Path]:
    """Directories, the roots and up to SEARCH_DEPTH levels below them, that hold the provider."""
    for root in roots:
        level = [root]
        for depth in range(SEARCH_DEPTH + 1):
            for folder in level:
                if (folder / PROVIDER).is_dir():
                    yield folder
            if depth < SEARCH_DEPTH:
                level = [child for folder in level for child in _folders_in(folder)]


def _folders_in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def main(arguments: Sequence[str]) -> int:
    """Run Terraform with the arguments given, and return its exit status."""
    if arguments[:1] == ["--"]:
        arguments = arguments[1:]
    try:
        environment = {**os.environ, **terraform_environment()}
        terraform = find_terraform(environment, Requirements.of(ROOT).terraform)
    except TerraformUnavailable as problem:
        print(problem, file=sys.stderr)
        return 1
    return subprocess.run([terraform.executable, *arguments], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
