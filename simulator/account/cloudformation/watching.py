"""Alarms, subscriptions and the policies of topics and queues, which moto has, but not for its CloudFormation."""

import json

from simulator.account.cloudformation.kinds import Asked, Kind, Made


def _alarm(asked: Asked) -> Made:
    given = {name: value for name, value in asked.properties.items() if name not in ("AlarmName", "Tags")}
    asked.client("cloudwatch").put_metric_alarm(AlarmName=asked.name, **given)
    return Made(asked.name, {"Arn": asked.arn("cloudwatch", f"alarm:{asked.name}")})


def _subscription(asked: Asked) -> Made:
    given = asked.properties
    made = asked.client("sns").subscribe(
        TopicArn=given["TopicArn"],
        Protocol=given["Protocol"],
        Endpoint=given.get("Endpoint", ""),
        ReturnSubscriptionArn=True,
    )
    return Made(made["SubscriptionArn"], {"Arn": made["SubscriptionArn"]})


def _topic_policy(asked: Asked) -> Made:
    policy = json.dumps(asked.properties["PolicyDocument"])
    for topic in asked.properties["Topics"]:
        asked.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    return Made(asked.name, {"Id": asked.name})


def _queue_policy(asked: Asked) -> Made:
    policy = json.dumps(asked.properties["PolicyDocument"])
    for queue in asked.properties["Queues"]:
        asked.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    return Made(asked.name, {"Id": asked.name})


KINDS = (
    Kind(
        "AWS::CloudWatch::Alarm",
        _alarm,
        lambda asked, name: asked.client("cloudwatch").delete_alarms(AlarmNames=[name]),
        "AlarmName",
        lambda asked, before: _alarm(asked) if asked.name == before.id else None,
    ),
    Kind("AWS::SNS::Subscription", _subscription, lambda asked, arn: asked.client("sns").unsubscribe(SubscriptionArn=arn)),
    Kind("AWS::SQS::QueuePolicy", _queue_policy, lambda _asked, _name: None, "", lambda asked, _: _queue_policy(asked)),
    Kind("AWS::SNS::TopicPolicy", _topic_policy, lambda _asked, _name: None, "", lambda asked, _: _topic_policy(asked)),
)
