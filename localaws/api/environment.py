"""The environment of processes that use localaws."""

from __future__ import annotations

import os

ACCESS_KEY_ID = "AKIALOCALAWS00000000"
SECRET_ACCESS_KEY = "local"  # noqa: S105 - nobody checks it


def environment(endpoint_url: str, region: str) -> dict[str, str]:
    """Return the environment variables that send a process to a LocalAws."""
    exempt = [name for name in os.environ.get("NO_PROXY", "").split(",") if name]
    no_proxy = ",".join(dict.fromkeys([*exempt, "127.0.0.1", "localhost"]))
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        # A token in the caller's environment would belong to other keys.
        "AWS_SESSION_TOKEN": "local",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }
