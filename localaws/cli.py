"""``python -m localaws``: serve AWS on this machine, and connect clients to its Client VPN endpoints."""

from __future__ import annotations

import dataclasses
import json
import shlex
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

import click

from localaws.api import LocalAws, LocalAwsError
from localaws.api import connect as connect_client
from localaws.api import disconnect as disconnect_client

# 2 means that the connection was denied; a mistyped option is something else.
click.UsageError.exit_code = 1


_endpoint_url_option = click.option(
    "--endpoint-url", envvar="AWS_ENDPOINT_URL", help="The running localaws.  [env: AWS_ENDPOINT_URL]"
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """AWS on this machine: moto, Client VPN endpoints, and Lambda functions that really run.

    Start it with `serve`; what it prints sends Terraform, boto3 and the AWS CLI to it.
    """


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=5000, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--region", default="eu-central-1", show_default=True, help="Region of endpoints and functions.")
@click.option("--account-id", default="123456789012", show_default=True, help="Account that everything belongs to.")
def serve(host: str, port: int, region: str, account_id: str) -> None:
    """Serve until interrupted; prints the environment to export.

    \b
      python -m localaws serve > env.sh &
      source env.sh
      terraform apply
    """
    from localaws.awslambda.interpreters import MINORS, interpreter_for

    stop = _interruption()
    aws = LocalAws(region, account_id=account_id, host=host, port=port)
    try:
        aws.start()
    except OSError as error:
        _fail(f"localaws cannot listen on {host}:{port}: {error.strerror or error}")
    try:
        for name, value in aws.environment.items():
            click.echo(f"export {name}={shlex.quote(value)}")
        sys.stdout.flush()
        for minor in MINORS:
            click.echo(f"functions of runtime python{minor} run under {interpreter_for(f'python{minor}')}", err=True)
        click.echo(f"serving at {aws.endpoint_url}; Ctrl-C ends it", err=True)
        stop.wait()
    finally:
        aws.close()


@main.command()
@click.argument("endpoint_id")
@click.option("--username", default="", help="User name, where clients authenticate as users.")
@click.option("--group", "groups", multiple=True, help="Group of the user; give it once per group.")
@click.option("--common-name", default="", help="CN of the client certificate, with mutual authentication.")
@click.option("--platform", default="", help="win, mac, linux, ios, android, ...")
@click.option("--platform-version", default="", help="For example 10.0.22631.")
@click.option("--public-ip", default="192.0.2.1", show_default=True, help="Where the client connects from.")
@click.option("--client-openvpn-version", default="", help="For example 2.6.12.")
@click.option("--aws-client-version", default="", help="For example 5.3.4; only the AWS provided client has one.")
@click.option(
    "--schema-version",
    default="v3",
    show_default=True,
    type=click.Choice(["v1", "v2", "v3"]),
    help="Of the request that the client connect handler gets.",
)
@click.option(
    "--authentication-fails",
    "authenticated",
    is_flag=True,
    flag_value=False,
    default=True,
    help="The client's certificate or password is not accepted.",
)
@_endpoint_url_option
@click.option("-o", "--output", default="text", type=click.Choice(["text", "json"]), show_default=True)
def connect(
    endpoint_id: str, groups: tuple[str, ...], endpoint_url: str | None, output: str, **attributes: Any
) -> None:
    """Connect a client to the endpoint ENDPOINT_ID, as Client VPN does once it is authenticated.

    Prints what the client sees, then the connection log event. Exit status: 0 connected, 2 denied, 1 anything else.
    """
    try:
        attempt = connect_client(_known(endpoint_url), endpoint_id, groups=list(groups), **attributes)
    except LocalAwsError as error:
        _fail(str(error))
    if output == "json":
        click.echo(json.dumps(dataclasses.asdict(attempt), indent=2))
    else:
        if attempt.allowed:
            click.echo(f"Connected, with address {attempt.client_ip}.")
        else:
            click.echo(attempt.message or "Authentication failed.")
        click.echo(json.dumps(attempt.log_event, indent=2))
        if attempt.error:
            click.echo(f"{attempt.failure_reason}: {attempt.error}", err=True)
    sys.exit(0 if attempt.allowed else 2)


@main.command()
@click.argument("connection_id")
@_endpoint_url_option
def disconnect(connection_id: str, endpoint_url: str | None) -> None:
    """End the connection CONNECTION_ID, as its client does."""
    try:
        disconnect_client(_known(endpoint_url), connection_id)
    except LocalAwsError as error:
        _fail(str(error))


@main.command()
@click.argument("endpoint_id")
@click.option(
    "--directory",
    "directory_file",
    type=click.Path(path_type=Path),
    help="JSON file of users, for endpoints that have users: passwords and groups by name.",
)
@click.option(
    "--client",
    "clients",
    multiple=True,
    help="Common name of a client, where clients have certificates; once per client.  [default: client]",
)
@click.option(
    "--profiles",
    "folder",
    default=".",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder for the client profiles (.ovpn); they are removed at the end.",
)
@click.option("--port", default=0, show_default=True, help="Port to serve on; 0 takes a free one.")
@click.option(
    "--region",
    envvar="AWS_REGION",
    default="eu-central-1",
    show_default=True,
    help="Region of the endpoint.  [env: AWS_REGION]",
)
@_endpoint_url_option
def openvpn(
    endpoint_id: str,
    directory_file: Path | None,
    clients: tuple[str, ...],
    folder: Path,
    port: int,
    region: str,
    endpoint_url: str | None,
) -> None:
    """Serve the endpoint ENDPOINT_ID with OpenVPN, until interrupted. Needs openvpn, and root.

    Clients go through the client connect handler as with AWS, and are shown what it says. A line is printed for each
    client that connects, is denied or disconnects. Stock clients take the profiles as they are:

    \b
      sudo openvpn --config client.ovpn

    \b
    A directory file stands in for Active Directory, and for a SAML identity provider:
      {"anna@example.com": {"password": "secret", "groups": ["engineering"]}}
    """
    from localaws.openvpn import (
        ClientEvent,
        Directory,
        InvalidDirectory,
        OpenVpnServer,
        OpenVpnUnavailable,
        ProfileNotWritten,
        written_profiles,
    )

    def tell(event: ClientEvent) -> None:
        told = f"{time.strftime('%H:%M:%S')}  {event.kind:12}  {event.client}  {event.connection_id or '-'}"
        click.echo(f"{told}  {event.detail}")
        sys.stdout.flush()

    stop = _interruption()
    try:
        directory = Directory.load(directory_file) if directory_file else None
        server = OpenVpnServer(
            _known(endpoint_url), endpoint_id, region=region, directory=directory, port=port, on_event=tell
        )
        with server, written_profiles(server, folder, clients) as files:
            click.echo(f"serving {endpoint_id} at {server.address}; Ctrl-C ends it", err=True)
            for file in files:
                click.echo(f"client profile: {file}", err=True)
            while not stop.wait(0.2):
                if server.ended.is_set():
                    _fail(server.why_it_ended())
    except (InvalidDirectory, OpenVpnUnavailable, ProfileNotWritten) as error:
        _fail(str(error))


@main.command("import-certificate")
@click.argument("common_name")
@_endpoint_url_option
def import_certificate(common_name: str, endpoint_url: str | None) -> None:
    """Import a new self-signed certificate for COMMON_NAME, and print its ARN.

    \b
      terraform apply -var server_certificate_arn=$(python -m localaws import-certificate vpn.example.com)
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from localaws.certificates import import_certificate

    try:
        click.echo(import_certificate(boto3.client("acm", endpoint_url=_known(endpoint_url)), common_name))
    except (BotoCoreError, ClientError) as error:
        _fail(f"the certificate could not be imported: {error}")


@main.command("install-runtimes")
def install_runtimes() -> None:
    """Give each other Python of this machine AWS's Lambda runtime client.

    A function's runtime, say python3.13, is then run under that Python instead of under the one that localaws runs
    on. What cannot be installed is said, and left out.
    """
    from localaws.awslambda.interpreters import MINORS, install_runtime

    for minor in MINORS:
        try:
            click.echo(install_runtime(minor))
        except RuntimeError as error:
            click.echo(f"python{minor}: left out, the runtime client could not be installed: {error}", err=True)


def _interruption() -> threading.Event:
    """An event that is set when this process is told to end."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _known(endpoint_url: str | None) -> str:
    if not endpoint_url:
        _fail("no localaws is named: set AWS_ENDPOINT_URL, or give --endpoint-url")
    return endpoint_url


def _fail(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(1)
