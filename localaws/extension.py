"""Puts this package's backends in the place of moto's.

moto finds a service's URLs, and so its responses, by the module that the backend's class comes from.
"""

from __future__ import annotations

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.base_backend import BackendDict
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models import table as dynamodb_table
from moto.ec2.models import ec2_backends
from moto.iam.models import SERVICE_NAME_CONVERSION
from moto.logs.models import logs_backends

from localaws.applicationautoscaling.models import ApplicationAutoscalingBackend
from localaws.awslambda.models import LambdaBackend
from localaws.cloudwatch.models import CloudWatchBackend
from localaws.dynamodb.models import DynamoDBBackend, Item
from localaws.ec2.models import EC2Backend
from localaws.logs.models import LogsBackend


def install() -> None:
    """Makes moto use this package's services for every account that it comes to know from now on."""
    applicationautoscaling_backends.backend = ApplicationAutoscalingBackend
    dynamodb_backends.backend = DynamoDBBackend
    ec2_backends.backend = EC2Backend
    lambda_backends.backend = LambdaBackend
    cloudwatch_backends.backend = CloudWatchBackend
    logs_backends.backend = LogsBackend
    # What tables put their items into.
    dynamodb_table.Item = Item  # type: ignore[attr-defined]
    # How the names of the service-linked roles are spelt.
    SERVICE_NAME_CONVERSION.update({"clientvpn": "ClientVPN", "clientvpn-connections": "ClientVPNConnections"})


def forget(account_id: str) -> None:
    """Drops whatever moto holds of an account; what runs or is stored elsewhere is ended by the backends' reset."""
    for backends in list(BackendDict._instances):  # type: ignore[misc]
        if account_id in backends:
            backends[account_id].reset()
            del backends[account_id]
