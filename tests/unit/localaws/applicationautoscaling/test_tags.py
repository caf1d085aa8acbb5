"""Tags of scalable targets."""

from __future__ import annotations

from localaws import LocalAws
from tests.unit.localaws.helpers import MakeFunction


def test_a_scalable_target_keeps_its_tags(aws: LocalAws, make_function: MakeFunction) -> None:
    make_function("def handler(event, context): ...")
    autoscaling = aws.client("application-autoscaling")
    arn = autoscaling.register_scalable_target(
        ServiceNamespace="lambda",
        ResourceId="function:AWSClientVPN-test:1",
        ScalableDimension="lambda:function:ProvisionedConcurrency",
        MinCapacity=1,
        MaxCapacity=2,
        Tags={"team": "network", "stage": "test"},
    )["ScalableTargetARN"]
    autoscaling.tag_resource(ResourceARN=arn, Tags={"stage": "production"})
    assert autoscaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "network", "stage": "production"}
    autoscaling.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert autoscaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"stage": "production"}
