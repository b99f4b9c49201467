"""A local AWS on one loopback port: MiniStack, plus the answers it does not give.

MiniStack is an ASGI application, so the front runs it inside its own process and stands between it and
the network: `gateway` receives every request, `calls` works out which AWS operation it is, and then one of

- `faults`      an error, a delay, half an answer or a closed connection, where a test asked for one
- `cloudtrail`, `metrics`, `costs`   answers made from events, series and rows that a test loaded
- `paging`, `overrides`   MiniStack's own answer, cut into pages and patched
- MiniStack itself, with schedules as EventBridge Scheduler runs them (`scheduling`), and roles as IAM sees them (`principals`)

makes the reply, in the wire format (`wire`) that the caller speaks. `control` is the JSON API under
/_local/ that fills `state`. README.md, one folder up, documents it.
"""
