"""Read what aftermove published, as it arrived in the aftermove-inbox queue, the way a person would."""

from __future__ import annotations

import argparse
import json
import sys
import time

import boto3

QUEUE = "aftermove-inbox"


def main() -> int:
    parser = argparse.ArgumentParser(prog="localstack/receive", description=__doc__)
    parser.add_argument(
        "--wait", type=float, default=2, metavar="SECONDS", help="how long to wait for the first message"
    )
    parser.add_argument("--json", action="store_true", help="print each message as one line of JSON")
    args = parser.parse_args()
    messages = list(received(boto3.client("sqs"), args.wait))
    if args.json:
        for message in messages:
            print(json.dumps(message))
        return 0
    for message in sorted(messages, key=lambda m: m["attributes"].get("kind") != "summary"):
        print(readable(message))
    if not messages:
        print("no messages")
    return 0


def received(sqs, wait: float):
    """Each message as {subject, body, attributes}; it is deleted once it has been handed over."""
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    deadline = time.monotonic() + wait
    found = False
    while True:
        batch = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in batch:
            found = True
            envelope = json.loads(message["Body"])
            attributes = {name: given["Value"] for name, given in envelope.get("MessageAttributes", {}).items()}
            yield {"subject": envelope.get("Subject", ""), "body": envelope["Message"], "attributes": attributes}
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        if not batch:
            if found or time.monotonic() > deadline:
                return
            time.sleep(0.1)


def readable(message: dict) -> str:
    attributes = message["attributes"]
    if attributes.get("kind") == "summary":
        return f"{message['subject']}\n{'-' * len(message['subject'])}\n{message['body'].rstrip()}\n"
    try:
        finding = json.loads(message["body"])
    except ValueError:
        return f"{message['subject'] or 'message'}: {message['body']}"
    resource = finding.get("resource", {})
    severity = attributes.get("severity") or finding.get("severity", "")
    policy = attributes.get("policy") or finding.get("policy", "")
    status = attributes.get("status") or finding.get("status", "")
    name = resource.get("name") or resource.get("id", "")
    return f"{severity:<8}  {status:<8}  {policy:<38}  {name}"


if __name__ == "__main__":
    sys.exit(main())
