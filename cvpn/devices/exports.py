"""Which columns of the exports of device management solutions say what a record has.

Microsoft Intune
    Devices > All devices > Export in the admin center, and the report ``Devices`` of the export API, whose columns are
    named otherwise:
    https://learn.microsoft.com/en-us/mem/intune/fundamentals/reports-export-graph-available-reports
    https://learn.microsoft.com/azure/azure-monitor/reference/tables/intunedevices
Jamf Pro
    The display fields of an inventory search, of which the administrator chooses. ``Managed`` comes closest to a
    status; its values are ``Managed`` and ``Unmanaged``:
    https://learn.jamf.com/r/en-US/jamf-pro-documentation-11.16.0/Computer_Inventory_Information
Kandji (Iru)
    The export of the list of devices, and what the API says of devices, which Kandji's own reporting tool writes as it
    is. The API has no compliance status; ``mdm_enabled`` comes closest, with ``True`` and ``False``:
    https://support.kandji.io/support/solutions/articles/72000560412-kandji-api
    https://github.com/kandji-inc/support/tree/main/api-tools/devices-report

Column names are compared without case, spaces and punctuation, so that ``Last check-in`` is ``last_check_in`` too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .records import COMMON_NAME


@dataclass(frozen=True)
class Export:
    """An export.

    Attributes
    ----------
    title
        Who makes it.
    marks
        Columns by which it is known, besides that of the common name: it has one of these.
    columns
        For each key, the columns that say it: the first one that there is.
    """

    title: str
    marks: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]


EXPORTS = {
    "intune": Export(
        "Microsoft Intune",
        ("Primary user UPN", "Azure AD Device ID", "Compliance", "CompliantState", "ComplianceState", "LastContact"),
        {
            COMMON_NAME: ("Device name",),
            "status": ("Compliance", "CompliantState", "ComplianceState"),
            "owner": ("Primary user UPN", "UPN", "Primary user email address", "UserEmail"),
            "platform": ("OS",),
            "serial": ("Serial number",),
            "updated_at": ("Last check-in", "LastContact"),
        },
    ),
    "jamf": Export(
        "Jamf Pro",
        ("Managed", "Last Check-in", "Last Inventory Update", "JSS Computer ID", "Jamf Pro Computer ID"),
        {
            COMMON_NAME: ("Computer Name",),
            "status": ("Managed",),
            "owner": ("Email Address", "Username"),
            "platform": ("Operating System", "Operating System Version"),
            "serial": ("Serial Number",),
            "updated_at": ("Last Check-in", "Last Inventory Update"),
        },
    ),
    "kandji": Export(
        "Kandji",
        ("Blueprint", "Blueprint Name", "blueprint_id", "mdm_enabled", "agent_installed"),
        {
            COMMON_NAME: ("Device Name",),
            "status": ("Status", "mdm_enabled"),
            "owner": ("Assigned user email", "User Email", "user.email"),
            "platform": ("Platform",),
            "serial": ("Serial Number",),
            "updated_at": ("Last check-in",),
        },
    ),
}
"""By the word for it on the command line."""


def plain(column: str) -> str:
    """Return the name of a column as names are compared."""
    return "".join(character for character in column.casefold() if character.isalnum())


def detect_export(columns: Collection[str]) -> str | None:
    """Return the word for the export that has such columns; None if it is none, or may be more than one."""
    there = {plain(column) for column in columns}
    found = [
        word
        for word, export in EXPORTS.items()
        if not there.isdisjoint(map(plain, export.columns[COMMON_NAME]))
        and not there.isdisjoint(map(plain, export.marks))
    ]
    return found[0] if len(found) == 1 else None
