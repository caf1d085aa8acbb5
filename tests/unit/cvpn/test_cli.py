"""The command itself: its help, its exit statuses, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from cvpn.cli import VERBS, cli
from cvpn.verbs.devices import devices

from .running import EVENTS, cvpn, decision_line, policy_file

COMMAND = Path(sys.executable).with_name("cvpn")
STAFF = {"rules": [{"name": "staff", "effect": "allow", "when": {"groups": ["staff"]}}]}
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "TERM")}


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, STAFF)


def installed(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as it is installed."""
    return subprocess.run(
        [COMMAND, *arguments], env={**ENVIRONMENT, **environment}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_with_examples(verb: str) -> None:
    result = cvpn(verb, "--help")
    assert result.status == 0
    _, _, examples = result.out.partition("Examples:\n")
    commands = [line for line in examples.split("\n\n")[0].splitlines() if "cvpn " in line]
    assert commands
    assert all(f"cvpn {verb}" in command for command in commands)
    assert f"  {verb} " in cvpn("--help").out


def test_the_list_of_verbs_says_what_their_help_says() -> None:
    context = click.Context(cli)
    commands = {verb: cli.get_command(context, verb) for verb in VERBS}
    assert {verb: command and command.get_short_help_str(1_000) for verb, command in commands.items()} == VERBS


def modules_after(*arguments: str) -> set[str]:
    """The modules that a new Python has imported once the command has run with the arguments, one after another."""
    program = (
        "import sys; from cvpn.cli import run; "
        "statuses = [run(arguments.split()) for arguments in sys.argv[1:]]; "
        "assert not any(statuses), statuses; print(*sys.modules, file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    return set(result.stderr.split())


def test_the_list_of_verbs_imports_none_of_them() -> None:
    modules = modules_after("--help")
    assert not {module for module in modules if module.startswith(("cvpn.verbs", "connect_handler", "json", "rich"))}


def test_help_imports_no_parser_and_no_library_of_tables_or_of_aws() -> None:
    helps = [f"{verb} --help" for verb in VERBS] + [f"devices {verb} --help" for verb in devices.commands]
    modules = modules_after(*helps)
    assert "cvpn.verbs.validate" in modules
    assert not {"boto3", "botocore", "hcl2", "lark", "rich", "yaml"} & modules


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["simulate", "--group", "staff"], 0),
        (["simulate", "--group", "none"], 2),
        (["simulate", "--group"], 1),
        (["simulate", EVENTS / "v3-saml-windows.json"], 2),
        (["explain", "--group", "staff"], 0),
        (["explain", "--group", "none"], 2),
        (["size"], 0),
        (["validate"], 0),
        (["validate", "--no-such-option"], 1),
        (["simulation"], 1),
        (["schema", "nothing"], 1),
        (["--version"], 0),
    ],
)
def test_exit_statuses(policy: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str | Path], status: int) -> None:
    policy.rename(policy.with_name("terraform.tfvars.json"))
    monkeypatch.chdir(policy.parent)
    assert installed(*arguments).returncode == status


@pytest.mark.parametrize("verb", ["simulate", "explain", "test", "replay"])
def test_an_invalid_policy_is_status_3_and_says_all_that_is_wrong(verb: str, tmp_path: Path) -> None:
    file = policy_file(tmp_path, {"rules": [{"name": "a", "effect": "no", "when": {"gruops": []}}]})
    result = installed(verb, "-p", file, *([] if verb == "test" else ["-"]))
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr.splitlines() == [
        f'{file}:1:51: error: rules[0] "a": when has the unknown key "gruops"; did you mean "groups"?',
        f'{file}:1:26: error: rules[0] "a": effect is "no"; write "allow" or "deny"',
    ]


def test_colour_is_for_terminals_that_want_it(policy: Path) -> None:
    arguments = ("simulate", "-p", policy, "--group", "staff")
    assert "\x1b" not in installed(*arguments).stdout
    assert "\x1b[1;32mALLOW" in installed(*arguments, FORCE_COLOR="1", TERM="xterm").stdout
    assert "\x1b[1;32m" not in installed(*arguments, FORCE_COLOR="1", TERM="xterm", NO_COLOR="1").stdout
    assert "\x1b" not in installed(*arguments, "--no-color", FORCE_COLOR="1", TERM="xterm").stdout


def test_a_reader_that_goes_away_is_no_error_to_talk_about(policy: Path, tmp_path: Path) -> None:
    requests = tmp_path / "requests.jsonl"
    requests.write_text(json.dumps({"connection-id": "c", "endpoint-id": "e"}) + "\n")
    requests.write_text(requests.read_text() * 20_000)
    for form in ("text", "json"):
        command: list[str | Path] = [COMMAND, "simulate", "-p", policy, requests, "-o", form]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == ""
            assert process.wait() == 1


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of decisions that keeps two workers busy for a while. Each chunk's tally is more than a pipe holds: each
    user's decision is another under STAFF."""
    event = json.loads((EVENTS / "v3-saml-windows.json").read_text())
    line = decision_line({"rules": [{"name": "all", "effect": "allow"}]}, event, 1_795_420_800.0)
    before, after = line.split(event["username"])
    log = tmp_path / "log"
    with log.open("w") as stream:
        stream.writelines(f"{before}user-{number}@example.com{after}\n" for number in range(100_000))
    return log


@contextmanager
def replaying(policy: Path, log: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A replay that has begun on two workers, and their process ids. It does not outlive the test."""
    command: list[str | Path] = [COMMAND, "replay", "-p", policy, log, "--jobs", "2"]
    # A group of its own, as a shell makes one: Ctrl-C goes to all processes of it.
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell that runs the tests in the background has them ignore Ctrl-C, and so all that they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        workers: list[str] = []
        while len(workers) < 2:
            assert process.poll() is None
            workers = subprocess.run(
                ["pgrep", "-P", str(process.pid), "-f", "spawn_main"], capture_output=True, text=True, check=False
            ).stdout.split()
        yield process, [int(worker) for worker in workers]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("seconds", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_ctrl_c_ends_a_replay_on_all_cores_in_one_line(policy: Path, log: Path, seconds: float) -> None:
    with replaying(policy, log) as (process, _):
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert [text for text in err.splitlines() if text] == ["cvpn: interrupted"]


@pytest.mark.parametrize("which", [pytest.param(0, marks=pytest.mark.slow), 1])
@pytest.mark.parametrize("busy", [False, True], ids=["that has just begun", "in the middle of its answer"])
def test_a_worker_that_is_killed_is_one_line(policy: Path, log: Path, busy: bool, which: int) -> None:
    with replaying(policy, log) as (process, workers):
        if busy:
            # Who is stopped does not read, and so the workers wait with answers that are half written.
            time.sleep(0.5)
            process.send_signal(signal.SIGSTOP)
            time.sleep(1.5)
        os.kill(workers[which], signal.SIGKILL)
        process.send_signal(signal.SIGCONT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert [text for text in err.splitlines() if text] == [
        "cvpn: a process that replays was ended by signal 9, perhaps for want of memory; try --jobs 1"
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_verbs_and_options(shell: str) -> None:
    script = cvpn("completion", shell)
    assert script.status == 0
    assert "_CVPN_COMPLETE" in script.out
    # What the script asks the command for.
    words = {
        "bash": ("cvpn simulate --pla", "2"),
        "zsh": ("cvpn simulate --pla", "2"),
        "fish": ("cvpn simulate", "--pla"),
    }
    line, current = words[shell]
    environment = {"_CVPN_COMPLETE": f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": current}
    assert "--platform-version" in installed(**environment).stdout
    environment |= {"COMP_WORDS": "cvpn s", "COMP_CWORD": "s" if shell == "fish" else "1"}
    assert {"simulate", "schema", "size"} <= set(re.findall(r"\w+", installed(**environment).stdout))


def test_the_module_is_the_command() -> None:
    result = subprocess.run([sys.executable, "-m", "cvpn", "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"cvpn, version \d+\.\d+\.\d+\n", result.stdout)
