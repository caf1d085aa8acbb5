"""``cvpn devices``."""

from __future__ import annotations

import click

from .export import export
from .import_devices import import_
from .one_device import remove, set_, show


@click.group()
def devices() -> None:
    """Fill, show and change the device inventory.

    That is the DynamoDB table in which the function looks a device up by the common name of its client certificate:
    named by --function, or by --table.

    \b
    Examples:
      cvpn devices import --function corp DevicesWithInventory.csv --dry-run
      cvpn devices set --function corp laptop-1 status=quarantined
      cvpn devices export --function corp devices.csv
    """


for command in (import_, export, show, set_, remove):
    devices.add_command(command)
