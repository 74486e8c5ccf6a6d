"""Subscriptions of mail addresses, which moto takes for confirmed, and the mailbox in which their mails arrive.

SNS developer guide, "Email notifications": a new address gets a mail with a link, and nothing else until somebody follows it.
To subscribe it again sends that mail again.
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import iso_8601_datetime_without_milliseconds, utcnow
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, Subscription, sns_backends
from moto.sns.responses import SNSResponse

from .patching import replaces

# {"to", "subject", "text", "time"}, the oldest first.
_mails: list[dict[str, str]] = []


def mailbox(address: str = "") -> dict[str, Any]:
    """The mails to an address, or to all."""
    return {"mails": [each for each in _mails if address in ("", each["to"])]}


def confirm(address: str) -> dict[str, Any]:
    """Somebody follows the links in the mails of an address."""
    pending = [each for each in _all_subscriptions() if each.endpoint == address and is_pending(each)]
    for subscription in pending:
        subscription.attributes["PendingConfirmation"] = False
    return {"confirmed": [each.topic.arn for each in pending]}


def is_pending(subscription: Subscription) -> bool:
    return bool(subscription.attributes.get("PendingConfirmation"))


def _all_subscriptions() -> list[Subscription]:
    backends = [backend for account in sns_backends.values() for backend in account.values()]
    return [subscription for backend in backends for subscription in backend.subscriptions.values()]


def _send(address: str, subject: str, text: str) -> None:
    time = iso_8601_datetime_without_milliseconds(utcnow())
    _mails.append({"to": address, "subject": subject, "text": text, "time": time})


@replaces(SNSBackend, "subscribe")
def subscribe(original: Any, backend: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
    is_new = backend._find_subscription(topic_arn, endpoint, protocol) is None
    subscription: Subscription = original(backend, topic_arn, endpoint, protocol)
    if protocol == "email":
        if is_new:
            subscription.attributes |= {"PendingConfirmation": True, "ConfirmationWasAuthenticated": False}
        if is_pending(subscription):
            _send(endpoint, "AWS Notification - Subscription Confirmation", f"You have chosen to subscribe to {topic_arn}")
    return subscription


@replaces(SNSResponse, "subscribe")
def subscribe_response(original: Any, response: Any) -> ActionResult:
    result: ActionResult = original(response)
    found = response.backend.subscriptions[result.result["SubscriptionArn"]]
    if is_pending(found) and not response._get_bool_param("ReturnSubscriptionArn"):
        return ActionResult({"SubscriptionArn": "pending confirmation"})
    return result


def _described(subscription: Subscription) -> dict[str, str]:
    return {
        "SubscriptionArn": "PendingConfirmation" if is_pending(subscription) else subscription.arn,
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic.arn,
    }


@replaces(SNSResponse, "list_subscriptions")
@replaces(SNSResponse, "list_subscriptions_by_topic")
def list_subscriptions(original: Any, response: Any) -> ActionResult:
    result = original(response).result
    return ActionResult(result | {"Subscriptions": [_described(each) for each in result["Subscriptions"]]})


@replaces(SNSBackend, "unsubscribe")
def unsubscribe(original: Any, backend: SNSBackend, subscription_arn: str) -> None:
    found = backend.subscriptions.get(subscription_arn)
    if found is not None and is_pending(found):
        raise SNSInvalidParameter("Invalid parameter: Cannot unsubscribe a subscription that is pending confirmation")
    original(backend, subscription_arn)


@replaces(Subscription, "publish")
def publish(original: Any, subscription: Subscription, message: str, message_id: str, **named: Any) -> None:
    if subscription.protocol != "email":
        original(subscription, message, message_id, **named)
    elif not is_pending(subscription):
        _send(subscription.endpoint, named.get("subject") or "AWS Notification Message", message)
