"""What Stripe's own library says: each line of standard input is a question as JSON, each line of output its answer."""

import json
import sys
import typing

import stripe
import stripe._webhook as webhook
from stripe._object_classes import get_object_class

now = 0


class Clock:
    """The library's clock, set by the question."""

    @staticmethod
    def time():
        return now


webhook.time = Clock


def sign(question):
    return webhook.WebhookSignature.generate_signature_header(question["body"], question["secret"], question["time"])


def verify(question):
    global now
    now = question["now"]
    body = bytes.fromhex(question["body"])
    for secret in question["secrets"]:
        try:
            webhook.WebhookSignature.verify_header(body, question["header"], secret, 300)
            return True
        except (stripe.SignatureVerificationError, UnicodeDecodeError, TypeError):
            pass
    return False


def strange(value, kind, path, found):
    """Fields that the library's classes do not have: an object is read by its class, what is within by inner classes."""
    if isinstance(value, list):
        for entry in value:
            strange(entry, kind, path, found)
        return
    if not isinstance(value, dict):
        return
    if isinstance(value.get("object"), str) and value["object"] != "list":
        kind = get_object_class("V1", value["object"])
    if value.get("object") == "list":
        strange(value.get("data", []), None, path + "/data", found)
        return
    if kind is None:
        return
    known = typing.cast(dict, {})
    for base in kind.__mro__:
        known.update(getattr(base, "__annotations__", {}))
    inner = getattr(kind, "_inner_class_types", {})
    for key, entry in value.items():
        if key not in known:
            found.append(f"{path}/{key}")
        else:
            strange(entry, inner.get(key), f"{path}/{key}", found)


def event(question):
    made = stripe.Event.construct_from(question["event"], "sk_test_nothing")
    thing = made.data.object
    found = []
    strange(question["event"]["data"]["object"], None, "", found)
    return {"class": type(thing).__name__, "id": thing.id, "type": made.type, "strange": found}


def version(question):
    return stripe.api_version


for line in sys.stdin:
    question = json.loads(line)
    print(json.dumps({"sign": sign, "verify": verify, "event": event, "version": version}[question["ask"]](question)))
