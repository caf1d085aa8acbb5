"""Aliases of functions."""

from __future__ import annotations

import uuid

from moto.awslambda.models import LambdaAlias

from .concurrency import ConcurrencyBackend


class AliasBackend(ConcurrencyBackend):
    """Actions on aliases. The provisioned concurrency of an alias follows the alias."""

    def update_alias(
        self,
        name: str,
        function_name: str,
        function_version: str,
        description: str,
        routing_config: str,
    ) -> LambdaAlias:
        with self._lock:
            if function_version is None:
                function_version = self.get_alias(name, function_name).function_version
            alias = super().update_alias(name, function_name, function_version, description, routing_config)
            alias.revision_id = str(uuid.uuid4())
            provisioned = self._provisioned_configs.get((_name(function_name), name))
        if provisioned:
            self._provision(provisioned)
        return alias

    def delete_alias(self, name: str, function_name: str) -> None:
        super().delete_alias(name, function_name)
        if self._provisioned_configs.pop((_name(function_name), name), None):
            self._retire_provisioned(_name(function_name), name)


def _name(function_name: str) -> str:
    return function_name.rsplit(":function:", 1)[-1].split(":")[0]
