"""Application Auto Scaling with tags. Like moto's, it keeps what it is told, and scales nothing."""

from __future__ import annotations

from collections import defaultdict

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend as MotoApplicationAutoscalingBackend


class ApplicationAutoscalingBackend(MotoApplicationAutoscalingBackend):
    """The scalable targets, scaling policies and scheduled actions of one account and Region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        #: By the scalable target's ARN.
        self.tags: defaultdict[str, dict[str, str]] = defaultdict(dict)
