"""Application Auto Scaling's API where it differs from moto's.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_Operations.html
"""

from __future__ import annotations

import json
from typing import cast

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse as MotoApplicationAutoScalingResponse

from .models import ApplicationAutoscalingBackend


class ApplicationAutoScalingResponse(MotoApplicationAutoScalingResponse):
    """moto's actions, and those on tags."""

    def register_scalable_target(self) -> str:
        answer = super().register_scalable_target()
        self._tags(json.loads(answer)["ScalableTargetARN"]).update(self._get_param("Tags") or {})
        return answer

    def tag_resource(self) -> str:
        self._tags(self._get_param("ResourceARN")).update(self._get_param("Tags"))
        return "{}"

    def untag_resource(self) -> str:
        for key in self._get_param("TagKeys"):
            self._tags(self._get_param("ResourceARN")).pop(key, None)
        return "{}"

    def list_tags_for_resource(self) -> str:
        return json.dumps({"Tags": self._tags(self._get_param("ResourceARN"))})

    def _tags(self, arn: str) -> dict[str, str]:
        backend = applicationautoscaling_backends[self.current_account][self.region]
        return cast(ApplicationAutoscalingBackend, backend).tags[arn]
