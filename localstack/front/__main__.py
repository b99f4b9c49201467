"""Start the local AWS: `python -m front`, detached with a state folder or in the foreground for a parent process."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

READY_WITHIN_SECONDS = 60


def main() -> int:
    parser = argparse.ArgumentParser(prog="localstack/start", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="loopback port, 0 (the default) for any free one")
    parser.add_argument(
        "--state", type=Path, help="folder for pid, log and working files (default: a new temporary one)"
    )
    parser.add_argument("--auth", action="store_true", help="check signatures and IAM policies")
    parser.add_argument(
        "--foreground", action="store_true", help="stay until stdin closes or SIGTERM; print one JSON line when ready"
    )
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    own_state = args.state is None
    args.state = Path(tempfile.mkdtemp(prefix="aftermove-aws-")) if own_state else args.state.resolve()
    args.state.mkdir(parents=True, exist_ok=True)
    if not (args.foreground or args.serve):
        return detach(args)
    try:
        return serve(args)
    finally:
        if own_state:
            shutil.rmtree(args.state, ignore_errors=True)


def detach(args: argparse.Namespace) -> int:
    """Start a server of its own session, wait until it answers, and print what a shell should export."""
    ready, log = args.state / "server.json", args.state / "server.log"
    if ready.exists():
        print(f"start: {args.state} already has a server; localstack/stop {args.state} ends it", file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "front", "--serve", "--port", str(args.port), "--state", str(args.state)]
    with log.open("w") as output:
        server = subprocess.Popen(
            command + ["--auth"] * args.auth,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while not ready.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            print(f"start: the server did not come up; the end of {log}:", file=sys.stderr)
            print("".join(log.read_text().splitlines(keepends=True)[-15:]), file=sys.stderr)
            return 1
        time.sleep(0.05)
    endpoint = json.loads(ready.read_text())["endpoint"]
    for name, value in (environment(endpoint) | {"AFTERMOVE_LOCAL_STATE": str(args.state)}).items():
        print(f"export {name}='{value}'")
    print(f"local AWS at {endpoint}; localstack/stop {args.state} ends it", file=sys.stderr)
    return 0


def environment(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }


def stop_at_end_of_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(0, 4096):
        pass
    loop.call_soon_threadsafe(stop.set)


def end_children() -> None:
    """End the Lambda processes that MiniStack started: they share this server's process group."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGTERM)


def serve(args: argparse.Namespace) -> int:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", args.port))
    except OSError as problem:
        print(f"start: port {args.port} of 127.0.0.1 is not free ({problem}); try --port 0", file=sys.stderr)
        return 1
    listener.listen(256)  # early callers wait in the queue instead of being refused
    port = listener.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    scratch = args.state / "tmp"
    scratch.mkdir(exist_ok=True)
    # Before the import: MiniStack reads its settings once. AWS_ENDPOINT_URL is what its Lambda functions call.
    os.environ.update(
        environment(endpoint)
        | {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_REGION": "eu-west-1",
            "LOG_LEVEL": "WARNING",
            "CLOUDTRAIL_RECORDING": "1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "PERSIST_STATE": "0",
            "TMPDIR": str(scratch),
            "AUTH": "true" if args.auth else "false",
        }
    )
    tempfile.tempdir = None

    import ministack.app
    from hypercorn.asyncio import serve as run
    from hypercorn.config import Config

    from . import principals, scheduling
    from .gateway import Gateway

    principals.install()
    scheduling.install()
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.errorlog = logging.getLogger("hypercorn.error")
    ready = args.state / "server.json"

    async def until_told() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(name, stop.set)
        if args.foreground:
            threading.Thread(target=stop_at_end_of_input, args=(loop, stop), daemon=True).start()
        about = json.dumps({"endpoint": endpoint, "port": port, "pid": os.getpid(), "state": str(args.state)})
        partial = ready.with_suffix(".tmp")
        partial.write_text(about + "\n")
        partial.rename(ready)
        if args.foreground:
            print(about, flush=True)
        await stop.wait()
        end_children()

    async def run_all() -> None:
        await run(Gateway(ministack.app.app, args.auth), config, shutdown_trigger=until_told)

    if os.getpgrp() != os.getpid() and not sys.stdin.isatty():
        os.setpgrp()  # see end_children
    try:
        asyncio.run(run_all())
    finally:
        ready.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
