"""log_batches.py GROUP STREAM SINCE UNTIL DIRECTORY: makes files of log lines, each the input of one PutLogEvents.

The lines come on standard input, "TIME CONTAINER TEXT" with the oldest first; a message is "CONTAINER TEXT". Lines
before SINCE and from UNTIL on are left out: Docker counts both moments in. If the files take more than LIMIT, the
oldest ones go.
"""

import json
import os
import re
import sys
from datetime import datetime
from pathlib import Path

# CloudWatch Logs API reference, "PutLogEvents": events of a call, their bytes with so many more for each, and the time
# between the first and the last.
EVENTS, BYTES, MORE_BYTES, MILLISECONDS = 10_000, 1_048_576, 26, 24 * 3600 * 1000
# Of a message, far below what CloudWatch takes. Docker cuts lines at 16 KB.
MESSAGE_BYTES = 250_000
# Bytes that wait on the machine at most, while CloudWatch takes nothing.
LIMIT = 64 * 1024 * 1024
LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) (.+)")


def events(lines, since, until):
    for line in lines:
        found = LINE.fullmatch(line.rstrip("\r\n"))
        # The times have the same length each.
        if found and since <= found[1] < until:
            moment = datetime.fromisoformat(found[1][:23] + "+00:00")
            message = found[2].encode()[:MESSAGE_BYTES].decode(errors="ignore")
            yield {"timestamp": round(moment.timestamp() * 1000), "message": message}


def batches(all_events):
    batch, size = [], 0
    for event in all_events:
        own = len(event["message"].encode()) + MORE_BYTES
        is_full = len(batch) == EVENTS or size + own > BYTES
        if batch and (is_full or event["timestamp"] - batch[0]["timestamp"] >= MILLISECONDS):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += own
    if batch:
        yield batch


def keep_within(directory, limit):
    files = sorted(directory.glob("*.json"))
    total = sum(file.stat().st_size for file in files)
    for file in files:
        if total <= limit:
            return
        total -= file.stat().st_size
        file.unlink()


def main(group, stream, since, until, directory):
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    for number, batch in enumerate(batches(events(sys.stdin, since, until))):
        file = Path(directory, f"{until}-{number:04}.json")
        text = json.dumps({"logGroupName": group, "logStreamName": stream, "logEvents": batch}, ensure_ascii=False)
        # The name that send looks for comes last: a full disk or a kill leaves no half file of that name.
        file.with_suffix(".new").write_text(text, encoding="utf-8")
        os.replace(file.with_suffix(".new"), file)
    keep_within(Path(directory), int(os.environ.get("UNSENT_LIMIT", LIMIT)))


if __name__ == "__main__":
    main(*sys.argv[1:])
