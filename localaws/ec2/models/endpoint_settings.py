"""Settings of an endpoint: their defaults, and the checks of CreateClientVpnEndpoint and ModifyClientVpnEndpoint."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from moto.acm.exceptions import CertificateNotFound
from moto.acm.models import acm_backends
from moto.awslambda.utils import get_backend as get_lambda_backend
from moto.core.exceptions import JsonRESTError
from moto.ds.models import ds_backends
from moto.ec2.exceptions import EC2ClientError
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends

from localaws.ec2.exceptions import InvalidParameterValue, MissingParameter, UnsupportedOperation
from localaws.ec2.resources.endpoint import CERTIFICATE, DIRECTORY, FEDERATED

from .core import ClientVpnBackendCore

HANDLER_NAME_PREFIX = "AWSClientVPN-"
MAX_BANNER_LENGTH = 1400
MAX_DNS_SERVERS = 2
PORTS = (443, 1194)
SESSION_TIMEOUT_HOURS = (8, 10, 12, 24)
TRANSPORT_PROTOCOLS = ("tcp", "udp")
ADDRESS_TYPES = ("ipv4", "ipv6", "dual-stack")
LARGEST_CLIENT_CIDR, SMALLEST_CLIENT_CIDR = 12, 22

_LAMBDA_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:"
    r"(?P<name>[A-Za-z0-9_-]+)(:(?P<qualifier>[A-Za-z0-9_$-]+))?"
)
_NOT_SUPPORTED = ("TransitGatewayConfiguration", "DevicePostureOptions")


class EndpointSettingsBackend(ClientVpnBackendCore):
    """Checks of the settings of an endpoint."""

    def _build_endpoint_settings(self, arguments: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
        """Return the present settings with the arguments on top, or raise EC2's error."""
        for name in _NOT_SUPPORTED:
            if name in arguments:
                raise UnsupportedOperation(f"{name} is not available here")
        settings = {**present, **arguments}
        creating = not present
        if creating:
            for required in ("ServerCertificateArn", "AuthenticationOptions", "ConnectionLogOptions"):
                if not settings.get(required):
                    raise MissingParameter(required)
            self._check_authentication(settings["AuthenticationOptions"])
            settings["ClientCidrBlock"] = _check_client_cidr(settings)
        _set_defaults(settings)
        _check_values(settings)
        self._check_dns_servers(settings["DnsServers"])
        if creating or "ServerCertificateArn" in arguments:
            self._check_certificate(settings["ServerCertificateArn"], "ServerCertificateArn")
        if creating or "ConnectionLogOptions" in arguments:
            self._check_connection_log(settings["ConnectionLogOptions"])
        if "ClientConnectOptions" in arguments:
            settings["ClientConnectOptions"] = self._check_client_connect(arguments["ClientConnectOptions"])
        if "ClientLoginBannerOptions" in arguments:
            settings["ClientLoginBannerOptions"] = _check_banner(arguments["ClientLoginBannerOptions"])
        if "VpcId" in arguments or "SecurityGroupIds" in arguments:
            self._check_vpc(settings, changed_vpc="VpcId" in arguments and "SecurityGroupIds" not in arguments)
        return settings

    def _check_authentication(self, options: list[dict[str, Any]]) -> None:
        kinds = [option.get("Type") for option in options]
        if len(options) > 2 or len(set(kinds)) != len(kinds) or {DIRECTORY, FEDERATED} <= set(kinds):
            raise InvalidParameterValue(
                f"Authentication options {', '.join(map(str, kinds))} cannot be combined: use one, "
                f"or {CERTIFICATE} with one of {DIRECTORY} and {FEDERATED}"
            )
        for option in options:
            match option.get("Type"):
                case "certificate-authentication":
                    arn = option.get("MutualAuthentication", {}).get("ClientRootCertificateChainArn")
                    if not arn:
                        raise MissingParameter("ClientRootCertificateChainArn")
                    self._check_certificate(arn, "ClientRootCertificateChainArn")
                case "directory-service-authentication":
                    directory_id = option.get("ActiveDirectory", {}).get("DirectoryId")
                    if not directory_id:
                        raise MissingParameter("DirectoryId")
                    if directory_id not in ds_backends[self.account_id][self.region_name].directories:
                        raise InvalidParameterValue(f"The directory {directory_id} does not exist")
                case "federated-authentication":
                    federated = option.get("FederatedAuthentication", {})
                    if not federated.get("SAMLProviderArn"):
                        raise MissingParameter("SAMLProviderArn")
                    for name in ("SAMLProviderArn", "SelfServiceSAMLProviderArn"):
                        if federated.get(name):
                            self._check_saml_provider(federated[name])
                case other:
                    raise InvalidParameterValue(
                        f"Value ( {other} ) for parameter Type is invalid. "
                        f"Expecting one of {CERTIFICATE}, {DIRECTORY}, {FEDERATED}."
                    )

    def _check_certificate(self, arn: str, name: str) -> None:
        try:
            acm_backends[self.account_id][self.region_name].get_certificate(arn)
        except CertificateNotFound:
            raise InvalidParameterValue(
                f"Certificate {arn} ({name}) does not exist in ACM in {self.region_name}"
            ) from None

    def _check_saml_provider(self, arn: str) -> None:
        providers = iam_backends[self.account_id][self.partition].list_saml_providers()
        if arn not in (provider.arn for provider in providers):
            raise InvalidParameterValue(f"The SAML provider {arn} does not exist")

    def _check_dns_servers(self, servers: list[str]) -> None:
        if len(servers) > MAX_DNS_SERVERS:
            raise InvalidParameterValue(
                f"{len(servers)} DNS servers were given; an endpoint takes at most {MAX_DNS_SERVERS}"
            )
        for server in servers:
            try:
                ipaddress.ip_address(server)
            except ValueError:
                raise InvalidParameterValue(f"DNS server {server} is not an IP address") from None

    def _check_connection_log(self, options: dict[str, Any]) -> None:
        if not options.get("Enabled"):
            return
        group_name = options.get("CloudwatchLogGroup")
        if not group_name:
            raise InvalidParameterValue("CloudwatchLogGroup is required if connection logging is enabled")
        group = logs_backends[self.account_id][self.region_name].groups.get(group_name)
        if group is None:
            raise InvalidParameterValue(f"The CloudWatch Logs log group {group_name} does not exist")
        stream = options.get("CloudwatchLogStream")
        if stream and stream not in group.streams:
            raise InvalidParameterValue(f"The log stream {stream} does not exist in log group {group_name}")

    def _check_client_connect(self, options: dict[str, Any]) -> dict[str, Any]:
        enabled = bool(options.get("Enabled", False))
        arn = options.get("LambdaFunctionArn")
        if not enabled:
            return {"Enabled": False}
        if not arn:
            raise InvalidParameterValue("LambdaFunctionArn is required if the client connect handler is enabled")
        match = _LAMBDA_ARN.fullmatch(arn)
        if not match:
            raise InvalidParameterValue(f"{arn} is not the ARN of a Lambda function")
        if not match["name"].startswith(HANDLER_NAME_PREFIX):
            raise InvalidParameterValue(
                f"The name of the client connect handler has to begin with {HANDLER_NAME_PREFIX}, "
                f"unlike {match['name']}"
            )
        if (match["region"], match["account"]) != (self.region_name, self.account_id):
            raise InvalidParameterValue(
                f"The client connect handler {arn} has to be in the endpoint's Region and account, "
                f"{self.region_name} and {self.account_id}"
            )
        try:
            get_lambda_backend(self.account_id, self.region_name).get_function(match["name"], match["qualifier"])
        except JsonRESTError as error:
            raise InvalidParameterValue(f"The client connect handler {arn} cannot be used: {error.message}") from None
        return {"Enabled": True, "LambdaFunctionArn": arn}

    def _check_vpc(self, settings: dict[str, Any], changed_vpc: bool) -> None:
        groups = settings["SecurityGroupIds"]
        vpc_id = settings.get("VpcId")
        if not vpc_id:
            raise InvalidParameterValue("VpcId is required if SecurityGroupIds are given")
        if vpc_id not in self.vpcs:  # type: ignore[attr-defined]
            raise EC2ClientError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
        if changed_vpc or not groups:
            # As documented: without security groups of its own, the endpoint gets the VPC's default one.
            settings["SecurityGroupIds"] = [self._default_security_group(vpc_id)]
        else:
            self._check_security_groups(groups, vpc_id)


def _set_defaults(settings: dict[str, Any]) -> None:
    settings.setdefault("TransportProtocol", "udp")
    settings.setdefault("VpnPort", 443)
    settings.setdefault("SplitTunnel", False)
    settings.setdefault("SessionTimeoutHours", SESSION_TIMEOUT_HOURS[-1])
    settings.setdefault("DisconnectOnSessionTimeout", True)
    settings.setdefault("DnsServers", [])
    settings.setdefault("SecurityGroupIds", [])
    settings.setdefault("ClientConnectOptions", {"Enabled": False})
    settings.setdefault("ClientLoginBannerOptions", {"Enabled": False})
    settings.setdefault("ClientRouteEnforcementOptions", {"Enforced": False})
    settings.setdefault("EndpointIpAddressType", "ipv4")
    settings.setdefault("TrafficIpAddressType", "ipv4")
    settings.setdefault("SelfServicePortal", "disabled" if _uses_only_certificates(settings) else "enabled")


def _check_values(settings: dict[str, Any]) -> None:
    _check_one_of(settings, "TransportProtocol", TRANSPORT_PROTOCOLS)
    _check_one_of(settings, "VpnPort", PORTS)
    _check_one_of(settings, "SessionTimeoutHours", SESSION_TIMEOUT_HOURS)
    _check_one_of(settings, "SelfServicePortal", ("enabled", "disabled"))
    _check_one_of(settings, "EndpointIpAddressType", ADDRESS_TYPES)
    _check_one_of(settings, "TrafficIpAddressType", ADDRESS_TYPES)
    if settings["SelfServicePortal"] == "enabled" and _uses_only_certificates(settings):
        raise InvalidParameterValue(
            "The self-service portal is not available for endpoints that use mutual authentication alone"
        )


def _uses_only_certificates(settings: dict[str, Any]) -> bool:
    return {option["Type"] for option in settings["AuthenticationOptions"]} == {CERTIFICATE}


def _check_one_of(settings: dict[str, Any], name: str, allowed: tuple[Any, ...]) -> None:
    if settings[name] not in allowed:
        raise InvalidParameterValue(
            f"Value ( {settings[name]} ) for parameter {name} is invalid. "
            f"Expecting one of {', '.join(map(str, allowed))}."
        )


def _check_client_cidr(settings: dict[str, Any]) -> str | None:
    text = settings.get("ClientCidrBlock")
    if not text:
        if settings.get("TrafficIpAddressType") == "ipv6":
            return None
        raise MissingParameter("ClientCidrBlock")
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        raise InvalidParameterValue(f"ClientCidrBlock {text} is not an IPv4 CIDR block") from None
    if not LARGEST_CLIENT_CIDR <= network.prefixlen <= SMALLEST_CLIENT_CIDR:
        raise InvalidParameterValue(
            f"ClientCidrBlock {text} has to have a size of at least /{SMALLEST_CLIENT_CIDR} "
            f"and at most /{LARGEST_CLIENT_CIDR}"
        )
    return str(text)


def _check_banner(options: dict[str, Any]) -> dict[str, Any]:
    if not options.get("Enabled"):
        return {"Enabled": False}
    text = options.get("BannerText")
    if not text:
        raise InvalidParameterValue("BannerText is required if the client login banner is enabled")
    if len(text) > MAX_BANNER_LENGTH:
        raise InvalidParameterValue(f"BannerText has {len(text)} characters; at most {MAX_BANNER_LENGTH} are allowed")
    return {"Enabled": True, "BannerText": text}
