"""package_zip.py BINARY ZIP GLIBC: a zip of the binary, the same for the same bytes; refused if it would not start."""

from __future__ import annotations

import hashlib
import re
import sys
import zipfile
from pathlib import Path

# "Lambda quotas", deployment package: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LARGEST_UNZIPPED = 250 * 1024 * 1024
LARGEST_UPLOAD = 50 * 1024 * 1024


def main() -> int:
    binary, package, newest = Path(sys.argv[1]), Path(sys.argv[2]), version(sys.argv[3])
    program = binary.read_bytes()
    needed = max((version(found.decode()) for found in re.findall(rb"GLIBC_(\d+\.\d+)", program)), default=(0, 0))
    if needed > newest:
        sys.exit(f"package: {binary} needs glibc {text(needed)}, and provided.al2023 has {text(newest)}")
    if len(program) > LARGEST_UNZIPPED:
        sys.exit(f"package: {binary} has {mb(len(program))}, and Lambda takes {mb(LARGEST_UNZIPPED)}; strip it")
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3  # Unix, so that the mode counts
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    unfinished = package.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", compresslevel=9) as archive:
        archive.writestr(entry, program)
    unfinished.replace(package)
    zipped = package.stat().st_size
    print(f"{package}")
    print(f"{mb(zipped)} zipped, {mb(len(program))} unzipped; needs glibc {text(needed)}")
    print(f"sha256 {hashlib.sha256(package.read_bytes()).hexdigest()}")
    if zipped > LARGEST_UPLOAD:
        print("too large for a direct upload; infra/deploy goes through S3")
    return 0


def version(given: str) -> tuple[int, ...]:
    return tuple(int(part) for part in given.split("."))


def text(parts: tuple[int, ...]) -> str:
    return ".".join(map(str, parts))


def mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
