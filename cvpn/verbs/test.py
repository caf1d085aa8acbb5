"""``cvpn test``."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import click

from connect_handler.policy_tests import describe_difference
from cvpn.failures import DIFFERENT, OK
from cvpn.options.common import FILE, INSTANT_TYPE, output_options
from cvpn.options.policy import policy_options, policy_source
from cvpn.output.console import Output, printable
from cvpn.policy.cases import cases_of
from cvpn.times import now


@click.command()
@click.argument("cases", type=FILE, nargs=-1, metavar="[CASES]...")
@policy_options
@click.option(
    "--at", type=INSTANT_TYPE, metavar="TIME", help="Time of the cases that have none of their own. Default: now."
)
@output_options("json", "junit")
def test(cases: tuple[Path, ...], at: float | None, form: str, no_color: bool, **options: Any) -> int:
    """Run test cases against a policy.

    A case has a name, a request, and what is expected: the effect, and any of reason, rule, posture and message. CASES
    are files in JSON, YAML or HCL, a list of cases or an object with policy_tests; default: the variable policy_tests
    beside the policy.

    \b
    Examples:
      cvpn test
      cvpn test cases.yaml -p terraform.tfvars
      cvpn test -o junit > results.xml

    Exit status: 0 all pass, 2 one or more fail, 3 invalid policy, 1 anything else.
    """
    output = Output(not no_color)
    source = policy_source(**options)
    policy = source.policy()
    clock = now() if at is None else at
    results = [case.result(policy, clock) for case in cases_of(source, cases)]
    failed = sum(not result["passed"] for result in results)
    if form == "json":
        passed = len(results) - failed
        output.json({"passed": passed, "failed": failed, "policy_digest": policy.digest, "tests": results})
    elif form == "junit":
        click.echo(_junit(results, failed, source.name))
    else:
        _print(output, results, failed)
    return DIFFERENT if failed else OK


def _print(output: Output, results: list[dict[str, Any]], failed: int) -> None:
    for result in results:
        output.line(("ok  ", "green") if result["passed"] else ("FAIL", "bold red"), f"  {result['name']}")
        for difference in result["differences"]:
            output.line(f"        {describe_difference(difference)}")
    output.line(f"{len(results)} test cases, {len(results) - failed} passed, {failed} failed")


def _junit(results: list[dict[str, Any]], failed: int, name: str) -> str:
    """Return JUnit's XML, https://github.com/testmoapp/junitxml."""
    suite = ElementTree.Element("testsuite", name="cvpn test", tests=str(len(results)), failures=str(failed))
    for result in results:
        case = ElementTree.SubElement(suite, "testcase", name=printable(result["name"]), classname=name)
        if result["passed"]:
            continue
        sentences = [printable(describe_difference(difference)) for difference in result["differences"]]
        failure = ElementTree.SubElement(case, "failure", message="; ".join(sentences))
        failure.text = "\n".join(sentences)
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True)
