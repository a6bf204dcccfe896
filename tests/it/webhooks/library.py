"""What the library of Standard Webhooks and jsonschema say: each line of standard input is a question as JSON, each line of
output its answer: null where all is well, else why not."""

import datetime
import functools
import json
import sys

import jsonschema
import standardwebhooks.webhooks as library

now = 0


class Clock(datetime.datetime):
    """The library's clock, set by the question."""

    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(now, tz)


library.datetime = Clock


def verify(question):
    global now
    now = question["now"]
    try:
        library.Webhook(question["secret"]).verify(question["body"], question["headers"])
    except library.WebhookVerificationError as error:
        return str(error)


@functools.lru_cache
def validator(schema):
    schema = json.loads(schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def validate(question):
    error = jsonschema.exceptions.best_match(validator(json.dumps(question["schema"])).iter_errors(question["value"]))
    return None if error is None else error.message


for line in sys.stdin:
    question = json.loads(line)
    print(json.dumps({"verify": verify, "validate": validate}[question["do"]](question)), flush=True)
