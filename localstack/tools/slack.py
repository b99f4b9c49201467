"""A stand-in for Slack's incoming webhooks: checks each message against Slack's limits, answers as Slack does, and
prints what came as one line of JSON each: {"status", "answer", "pings", "message"}. Runs until stdin ends."""

from __future__ import annotations

import argparse
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_BLOCKS = 50
MAX_TEXT = 40_000
# Of all blocks together: measured by others, documented by nobody (slackapi/bolt-js#2509).
MAX_BLOCK_CHARS = 13_200
TEXT_LIMITS = {"header": 150, "section": 3000, "context": 3000}
KEYS = {"header": {"text"}, "section": {"text"}, "context": {"elements"}, "divider": set()}
LINK = re.compile(r"<(https?://[^|>]*)\|([^>]*)>")
PINGS = re.compile(r"<(!(?:channel|here|everyone|subteam)|[@#])")


def main() -> int:
    parser = argparse.ArgumentParser(prog="localstack/slack", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--answers",
        default="",
        metavar="LIST",
        help="what the first messages get: ok, 429:SECONDS, timeout, 500, or any other word, which is answered with"
        " 400 whatever the message; separated by commas",
    )
    parser.add_argument("--text", action="store_true", help="print the messages as a person reads them")
    args = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", args.port), Webhook)
    server.answers = [answer for answer in args.answers.split(",") if answer]
    server.lock = threading.Lock()
    server.text = args.text
    threading.Thread(target=server.serve_forever, daemon=True).start()
    say({"url": f"http://127.0.0.1:{server.server_port}/services/T00000000/B00000000/XXXXXXXXXXXX"})
    sys.stdin.read()
    return 0


def say(line: dict) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


class Webhook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with self.server.lock:
            scripted = self.server.answers.pop(0) if self.server.answers else "ok"
        if scripted == "timeout":
            time.sleep(30)
            return
        try:
            message = json.loads(body)
        except ValueError:
            message = None
        status, answer, headers = verdict(scripted, message, self.path)
        pings = sorted(set(PINGS.findall(json.dumps(message, ensure_ascii=False))))
        if self.server.text:
            print(readable(message), flush=True)
        else:
            say({"status": status, "answer": answer, "pings": pings, "message": message})
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_: object) -> None:
        pass


def readable(message: object) -> str:
    """The texts of its blocks, without Slack's markup for links and its escapes."""
    blocks = message.get("blocks", []) if isinstance(message, dict) else []
    texts = [(block.get("text") or block.get("elements", [{}])[0]).get("text", "") for block in blocks]
    return LINK.sub(r"\2", "\n\n".join(texts)).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def verdict(scripted: str, message: object, path: str) -> tuple[int, str, dict[str, str]]:
    if not path.startswith("/services/"):
        return 404, "no_service", {}
    kind, _, detail = scripted.partition(":")
    if kind == "429":
        return 429, "rate_limited", {"retry-after": detail or "1"}
    if kind == "500":
        return 500, "rollup_error", {}
    if kind != "ok":
        return 400, kind, {}
    problem = refused(message)
    return (400, problem, {}) if problem else (200, "ok", {})


def refused(message: object) -> str | None:
    """Why Slack would not take the message."""
    if not isinstance(message, dict):
        return "invalid_payload"
    text, blocks = message.get("text", ""), message.get("blocks", [])
    if not text and not blocks:
        return "no_text"
    if len(text) > MAX_TEXT:
        return "msg_too_long"
    if len(blocks) > MAX_BLOCKS:
        return "invalid_blocks"
    chars = 0
    for block in blocks:
        kind = block.get("type")
        if kind not in KEYS or set(block) - KEYS[kind] - {"type", "block_id"}:
            return "invalid_blocks"
        texts = block.get("elements", []) if kind == "context" else [block["text"]] if kind != "divider" else []
        if kind == "context" and not 1 <= len(texts) <= 10:
            return "invalid_blocks"
        for part in texts:
            plain = kind == "header"
            fits = part.get("type") == "plain_text" if plain else part.get("type") in ("plain_text", "mrkdwn")
            known = {"type", "text", "emoji"} if part.get("type") == "plain_text" else {"type", "text", "verbatim"}
            if not fits or set(part) - known or not 1 <= len(part.get("text", "")) <= TEXT_LIMITS[kind]:
                return "invalid_blocks"
            chars += len(part["text"])
    return "msg_blocks_too_long" if chars > MAX_BLOCK_CHARS else None


if __name__ == "__main__":
    sys.exit(main())
