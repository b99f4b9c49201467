"""upload BUCKET KEY FILE: put a file into a new bucket of the local AWS."""

from __future__ import annotations

import sys

import boto3


def main() -> int:
    bucket, key, path = sys.argv[1:]
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    s3.upload_file(path, bucket, key)
    return 0


if __name__ == "__main__":
    sys.exit(main())
