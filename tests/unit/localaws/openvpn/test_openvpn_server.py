"""An OpenVPN server in front of an endpoint: what it needs, and what is left of it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from localaws.openvpn import ClientEvent, OpenVpnUnavailable
from tests.unit.localaws.helpers import MakeEndpoint
from tests.unit.localaws.openvpn.helpers import Serve, StartOpenVpn, connections, statuses

pytestmark = pytest.mark.usefixtures("openvpn")


def children() -> set[int]:
    """The OpenVPN processes that this process has started."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        # A process may end while it is looked at.
        with contextlib.suppress(OSError):
            name, _, rest = (folder / "stat").read_text().partition(" (")[2].rpartition(") ")
            if (name, rest.split()[1]) == ("openvpn", str(os.getpid())):
                found.add(int(folder.name))
    return found


def test_everything_is_gone_after_close(
    ec2: Any, handled: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn
) -> None:
    endpoint_id = handled()
    events: list[ClientEvent] = []
    server = serve(endpoint_id, on_event=events.append)
    client = start_openvpn(server.profile("anna"))
    address = client.wait_connected()
    processes = children()

    server.close()

    assert statuses(ec2, endpoint_id) == ["terminated"]
    assert [(event.kind, event.client, event.detail) for event in events] == [
        ("connected", "anna", address),
        ("disconnected", "anna", address),
    ]
    assert {event.connection_id for event in events} == {connections(ec2, endpoint_id)[0]["ConnectionId"]}
    assert len(children()) == len(processes) - 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("localaws-openvpn")]
    server.close()


def test_an_openvpn_that_dies_takes_its_connections_along(
    ec2: Any, handled: MakeEndpoint, serve: Serve, start_openvpn: StartOpenVpn
) -> None:
    before = children()
    endpoint_id = handled()
    server = serve(endpoint_id)
    (process,) = children() - before
    start_openvpn(server.profile("anna")).wait_connected()

    os.kill(process, signal.SIGKILL)

    assert server.ended.wait(10)
    server.close()
    assert statuses(ec2, endpoint_id) == ["terminated"]


def test_users_without_a_directory_are_refused_at_the_start(with_users: MakeEndpoint, serve: Serve) -> None:
    endpoint_id = with_users()
    with pytest.raises(OpenVpnUnavailable, match=f"{endpoint_id} has users: name a directory"):
        serve(endpoint_id)


def test_an_unknown_endpoint_is_refused_at_the_start(serve: Serve) -> None:
    with pytest.raises(OpenVpnUnavailable, match="cvpn-endpoint-00000000000000000 does not exist"):
        serve("cvpn-endpoint-00000000000000000")


@pytest.mark.slow
def test_a_port_that_is_taken_is_said_in_openvpns_words(handled: MakeEndpoint, serve: Serve) -> None:
    taken = serve(handled()).port
    with pytest.raises(OpenVpnUnavailable, match="Address already in use"):
        serve(handled(), port=taken)


@pytest.mark.slow
def test_a_profile_needs_a_common_name_where_clients_have_certificates(handled: MakeEndpoint, serve: Serve) -> None:
    with pytest.raises(ValueError, match="common name"):
        serve(handled()).profile()
