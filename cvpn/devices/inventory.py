"""The device inventory of a function, or a table of one's own."""

from __future__ import annotations

from collections.abc import Mapping

from connect_handler.facts.device import ATTRIBUTE_NAMES
from connect_handler.settings import DEVICE_INVENTORY, InventorySettings
from cvpn.aws.account import Account
from cvpn.aws.functions import deployed_function
from cvpn.failures import Failure

from .table import Table


def inventory_table(
    name: str | None, function: str | None, names: Mapping[str, str], exact: bool, account: Account
) -> Table:
    """Return the table that the command line names.

    Parameters
    ----------
    name
        Of the table; None where ``function`` names it.
    function
        Name of the function whose inventory it is, with or without ``AWSClientVPN-``, or ARN; perhaps with an alias.
    names, exact
        Of a table that is named: what it calls an attribute that it calls otherwise, and whether its keys are common
        names as certificates have them.

    Raises
    ------
    Failure
        The function cannot be read, or has no device inventory.
    """
    client = account.client("dynamodb")
    if name is not None:
        settings = InventorySettings('{"table":""}')
        settings.table, settings.names, settings.exact = name, dict(names), exact
        return Table(settings, client)
    deployed = deployed_function(str(function), account)
    text = deployed.variables.get(DEVICE_INVENTORY)
    if not text:
        raise Failure(
            f"the function {deployed.full_name} has no device inventory; set device_inventory and apply, or name a "
            "table with --table"
        )
    try:
        return Table(InventorySettings(text), client)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Failure(
            f"the environment variable {DEVICE_INVENTORY} of {deployed.full_name} cannot be read ({text}); apply again"
        ) from None


def check_attribute_name(name: str) -> str:
    """Return what may be called otherwise in a table of the user's own.

    Raises
    ------
    ValueError
        It is nothing that an item has.
    """
    if name not in ATTRIBUTE_NAMES:
        raise ValueError(f'"{name}" is nothing that an item has; write {", ".join(ATTRIBUTE_NAMES)}')
    return name
