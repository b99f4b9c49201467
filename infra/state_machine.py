"""state_machine.py TEMPLATE: its state machine alone, with example values, so that cfn-lint looks into it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from cfnlint.decode import cfn_yaml

EXAMPLES = {
    "AWS::Partition": "aws",
    "FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:aftermove",
    "MaxConcurrency": "40",
    "ToleratedLostPercent": "10",
}


def main() -> int:
    template = cfn_yaml.load(Path(sys.argv[1]))
    machine = template["Resources"]["StateMachine"]
    definition = machine["Properties"]["DefinitionString"]["Fn::Sub"]
    filled = re.sub(r"\$\{([\w:]+)\}", lambda name: EXAMPLES[name.group(1)], definition)
    properties = {"RoleArn": "arn:aws:iam::111122223333:role/states", "DefinitionString": filled}
    resources = {"StateMachine": {"Type": machine["Type"], "Properties": properties}}
    print(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
