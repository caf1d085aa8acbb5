"""OpenVPN's management interface, with its lines as OpenVPN 2.6 writes them."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localaws.openvpn.management import (
    MAX_PARAMETER_BYTES,
    ByteCount,
    ClientNotification,
    Management,
    Notification,
    NotificationParser,
    quoted,
)


def read(*lines: str) -> list[Notification]:
    parser = NotificationParser()
    return [notification for line in lines if (notification := parser.read(line))]


def test_a_notification_is_complete_with_its_last_line() -> None:
    assert read(
        ">CLIENT:CONNECT,0,1",
        ">CLIENT:ENV,n_clients=0",
        ">CLIENT:ENV,password=a=b,c",
        ">CLIENT:ENV,IV_PLAT=linux",
        ">CLIENT:ENV,END",
    ) == [ClientNotification("CONNECT", 0, 1, {"n_clients": "0", "password": "a=b,c", "IV_PLAT": "linux"})]


def test_what_one_client_says_is_not_taken_for_another() -> None:
    first, second = read(
        ">CLIENT:REAUTH,3,1",
        ">CLIENT:ENV,username=anna",
        ">CLIENT:ENV,END",
        ">CLIENT:DISCONNECT,4",
        ">CLIENT:ENV,bytes_sent=12",
        ">CLIENT:ENV,END",
    )
    assert first == ClientNotification("REAUTH", 3, 1, {"username": "anna"})
    assert second == ClientNotification("DISCONNECT", 4, None, {"bytes_sent": "12"})


@pytest.mark.parametrize(
    "line", [">INFO:OpenVPN Management Interface Version 5", ">CLIENT:ADDRESS,0,10.0.0.2,1", ">HOLD:Waiting", ""]
)
def test_other_lines_notify_of_nothing(line: str) -> None:
    assert read(line) == []


def test_bytes_are_counted_by_client() -> None:
    assert read(">BYTECOUNT_CLI:7,120,34") == [ByteCount(7, received=120, sent=34)]


@given(st.text())
def test_a_quoted_text_is_one_parameter_that_openvpn_has_room_for(text: str) -> None:
    parameter = quoted(text)
    # Quotation marks, and between them what is no quotation mark or backslash, or stands after a backslash.
    assert re.fullmatch(r'"(?:[^"\\\n\r\0]|\\["\\])*"', parameter)
    assert len(re.sub(r"\\(.)", r"\1", parameter[1:-1]).encode()) <= MAX_PARAMETER_BYTES


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("Ask IT.", '"Ask IT."'),
        ('a "b" \\ c', r'"a \"b\" \\ c"'),
        ("two\nlines", '"two lines"'),
        ("x" * 255, '"' + "x" * 255 + '"'),
        ("x" * 256, '"' + "x" * 252 + '…"'),
        ("é" * 200, '"' + "é" * 126 + '…"'),
    ],
)
def test_a_text_is_quoted(text: str, parameter: str) -> None:
    assert quoted(text) == parameter


class FakeOpenVpn:
    """The other end of the management interface, which answers as it is told."""

    def __init__(self) -> None:
        ours, self.end = socket.socketpair()
        self.notified: list[Notification] = []
        self.ended = threading.Event()
        self.management = Management(ours, self.notified.append, self.ended.set)
        self.management.start()

    def answer(self, answer: str) -> threading.Thread:
        """Answers the next command."""

        def run() -> None:
            self.command = self.end.recv(4096).decode()
            self.end.sendall(f"{answer}\r\n".encode())

        thread = threading.Thread(target=run)
        thread.start()
        return thread


@pytest.fixture
def openvpn_end() -> Iterator[FakeOpenVpn]:
    fake = FakeOpenVpn()
    yield fake
    fake.management.close()
    fake.end.close()


def test_a_client_that_was_gone_before_its_decision_is_not_let_in(openvpn_end: FakeOpenVpn) -> None:
    thread = openvpn_end.answer("ERROR: client-auth command failed")
    assert not openvpn_end.management.authorize(0, 1, ["ifconfig-push 10.0.0.2 255.255.252.0"])
    thread.join()
    assert openvpn_end.command == "client-auth 0 1\nifconfig-push 10.0.0.2 255.255.252.0\nEND\n"


def test_a_refusal_has_a_reason_for_the_log_and_a_message_for_the_client(openvpn_end: FakeOpenVpn) -> None:
    thread = openvpn_end.answer("SUCCESS: client-deny command succeeded")
    assert openvpn_end.management.deny(0, 1, "client-connect-failed", 'Say "please".')
    thread.join()
    assert openvpn_end.command == 'client-deny 0 1 "client-connect-failed" "Say \\"please\\"."\n'


def test_an_openvpn_that_ends_is_noticed_and_commands_fail_at_once(openvpn_end: FakeOpenVpn) -> None:
    openvpn_end.end.close()
    assert openvpn_end.ended.wait(5)
    assert not openvpn_end.management.kill(0)
    assert not openvpn_end.management.kill(0)
