"""Errors of the Client VPN actions, with the codes of https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html."""

from __future__ import annotations

from moto.ec2.exceptions import EC2ClientError


class InvalidParameterValue(EC2ClientError):
    code = "InvalidParameterValue"


class InvalidParameterCombination(EC2ClientError):
    code = "InvalidParameterCombination"


class MissingParameter(EC2ClientError):
    code = "MissingParameter"

    def __init__(self, parameter: str):
        super().__init__(f"The request must contain the parameter {parameter}")


class UnsupportedOperation(EC2ClientError):
    code = "UnsupportedOperation"


class FilterLimitExceeded(EC2ClientError):
    code = "FilterLimitExceeded"

    def __init__(self, limit: int):
        super().__init__(f"The maximum number of filter values specified on a single call is {limit}")


class IdempotentParameterMismatch(EC2ClientError):
    code = "IdempotentParameterMismatch"

    def __init__(self, token: str):
        super().__init__(f"The client token {token} was used before with different parameters")


class InvalidClientVpnEndpointIdNotFound(EC2ClientError):
    code = "InvalidClientVpnEndpointId.NotFound"

    def __init__(self, endpoint_id: str):
        super().__init__(f"Endpoint {endpoint_id} does not exist")


class ClientVpnEndpointAssociationExists(EC2ClientError):
    code = "ClientVpnEndpointAssociationExists"

    def __init__(self, association_ids: list[str]):
        super().__init__(f"The endpoint that you're trying to delete has associations {', '.join(association_ids)}")


class InvalidClientVpnActiveAssociationNotFound(EC2ClientError):
    code = "InvalidClientVpnActiveAssociationNotFound"

    def __init__(self, endpoint_id: str):
        super().__init__(f"The endpoint {endpoint_id} has no active association")


class InvalidClientVpnAssociationIdNotFound(EC2ClientError):
    code = "InvalidClientVpnAssociationIdNotFound"

    def __init__(self, association_id: str):
        super().__init__(f"The association ID {association_id} does not exist")


class InvalidClientVpnDuplicateAssociation(EC2ClientError):
    code = "InvalidClientVpnDuplicateAssociationException"

    def __init__(self, subnet_id: str, endpoint_id: str):
        super().__init__(f"The target network {subnet_id} is already associated with {endpoint_id}")


class InvalidClientVpnSubnetIdNotFound(EC2ClientError):
    code = "InvalidClientVpnSubnetId.NotFound"

    def __init__(self, subnet_id: str):
        super().__init__(f"The subnet {subnet_id} does not exist, or is not a target network of the endpoint")


class InvalidClientVpnSubnetIdDuplicateAz(EC2ClientError):
    code = "InvalidClientVpnSubnetId.DuplicateAz"

    def __init__(self, zone: str):
        super().__init__(f"A subnet of the Availability Zone {zone} is already associated with the endpoint")


class InvalidClientVpnSubnetIdOverlappingCidr(EC2ClientError):
    code = "InvalidClientVpnSubnetId.OverlappingCidr"

    def __init__(self, client_cidr: str, vpc_cidr: str):
        super().__init__(f"The client CIDR block {client_cidr} overlaps with the CIDR block {vpc_cidr} of the VPC")


class InvalidClientVpnDuplicateAuthorizationRule(EC2ClientError):
    code = "InvalidClientVpnDuplicateAuthorizationRule"

    def __init__(self, cidr: str, group: str):
        super().__init__(f"The endpoint already authorizes {group} to reach {cidr}")


class InvalidClientVpnEndpointAuthorizationRuleNotFound(EC2ClientError):
    code = "InvalidClientVpnEndpointAuthorizationRuleNotFound"

    def __init__(self, cidr: str, group: str):
        super().__init__(f"The endpoint has no authorization rule for {group} to reach {cidr}")


class InvalidClientVpnDuplicateRoute(EC2ClientError):
    code = "InvalidClientVpnDuplicateRoute"

    def __init__(self, cidr: str, subnet_id: str):
        super().__init__(f"The endpoint already has a route to {cidr} through {subnet_id}")


class InvalidClientVpnRouteNotFound(EC2ClientError):
    code = "InvalidClientVpnRouteNotFound"

    def __init__(self, cidr: str, subnet_id: str):
        super().__init__(f"The endpoint has no route to {cidr} through {subnet_id}")


class InvalidClientVpnConnectionIdNotFound(EC2ClientError):
    code = "InvalidClientVpnConnection.IdNotFound"

    def __init__(self, connection_id: str):
        super().__init__(f"The connection {connection_id} does not exist")


class InvalidClientVpnConnectionUserNotFound(EC2ClientError):
    code = "InvalidClientVpnConnection.UserNotFound"

    def __init__(self, username: str):
        super().__init__(f"The user {username} has no active connection to the endpoint")


class ClientVpnTerminateConnectionsLimitExceeded(EC2ClientError):
    code = "ClientVpnTerminateConnectionsLimitExceeded"

    def __init__(self, username: str, count: int, limit: int):
        super().__init__(
            f"The user {username} has {count} connections; at most {limit} can be terminated by user name: "
            "terminate them by connection ID"
        )
