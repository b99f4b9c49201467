"""Fill a fresh local account; `python -m account` with the exports of localstack/start."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from . import (
    backups,
    bill,
    caches,
    databases,
    dns,
    functions,
    history,
    leftovers,
    load_balancers,
    network,
    platforms,
    services,
    trails,
    watching,
)

# Each takes the ids of what the parts before it made, and returns those of its own.
PARTS = (
    network,
    load_balancers,
    watching,
    leftovers,
    services,
    databases,
    caches,
    backups,
    functions,
    dns,
    platforms,
    trails,
)


def main() -> int:
    began = time.monotonic()
    ids: dict[str, str] = {}
    for part in PARTS:
        ids |= part.build(ids) or {}
    events = history.build(ids)
    bill.build()
    seeded = {"topic_arn": ids["topic-aftermove-findings"], "queue_url": ids["queue-aftermove-inbox"], "resources": ids}
    target = Path(os.environ["AFTERMOVE_LOCAL_STATE"]) / "seeded.json"
    target.write_text(json.dumps(seeded, indent=2) + "\n")
    print(
        f"seeded {len(ids)} resources and {events} CloudTrail events in {time.monotonic() - began:.1f} s",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
