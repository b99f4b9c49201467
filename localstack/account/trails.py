"""Two trails: one that records this region, and one that somebody stopped for its cost and forgot."""

from __future__ import annotations

from .local import ACCOUNT, REGION, client

cloudtrail, s3 = client("cloudtrail"), client("s3")


def build(ids: dict[str, str]) -> dict[str, str]:
    bucket = f"cloudtrail-{ACCOUNT}-{REGION}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    made = {
        f"trail-{name}": cloudtrail.create_trail(Name=name, S3BucketName=bucket, IsMultiRegionTrail=everywhere)["TrailARN"]
        for name, everywhere in (("management-events", False), ("audit-2025", True))
    }
    for arn in made.values():
        cloudtrail.start_logging(Name=arn)
    cloudtrail.stop_logging(Name=made["trail-audit-2025"])
    return made
