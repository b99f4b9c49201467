"""secret NAME VALUE: make a secret of the local AWS, and print its ARN."""

from __future__ import annotations

import sys

import boto3


def main() -> int:
    name, value = sys.argv[1:]
    print(boto3.client("secretsmanager").create_secret(Name=name, SecretString=value)["ARN"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
