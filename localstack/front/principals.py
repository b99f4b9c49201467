"""What MiniStack gets wrong of who asks: of a role's session `aws:PrincipalArn` is the role
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn)."""

from __future__ import annotations

import re

SESSION = re.compile(r"arn:([\w-]+):sts::(\d{12}):assumed-role/([^/]+)/.+")


def install() -> None:
    from ministack.core import iam_evaluator

    resolve = iam_evaluator._resolve_condition_key

    def resolved(key: str, context: object) -> object:
        value = resolve(key, context)
        if key.lower() == "aws:principalarn" and isinstance(value, str) and (session := SESSION.fullmatch(value)):
            partition, account, role = session.groups()
            return f"arn:{partition}:iam::{account}:role/{role}"
        return value

    iam_evaluator._resolve_condition_key = resolved
