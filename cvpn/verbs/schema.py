"""``cvpn schema``."""

from __future__ import annotations

import json

import click

from cvpn.failures import OK
from cvpn.schemas.results import schemas


@click.command()
@click.argument("name", type=click.Choice(list(schemas())), default="policy")
def schema(name: str) -> int:
    """Print a JSON Schema.

    That of the policy document, or of variable definitions in JSON (tfvars), for editors; that of a line of the
    decision log, or of what a verb prints with -o json, for programs.

    \b
    Examples:
      cvpn schema > policy.schema.json
      cvpn schema tfvars > tfvars.schema.json
      cvpn schema simulate
    """
    click.echo(json.dumps(schemas()[name], indent=2, ensure_ascii=False))
    return OK
