"""Where a server serves its metrics, and what it serves there."""

import json
import urllib.request

from wire import TIMEOUT_SECONDS


def port_of(server):
    """The port of the metrics, which `server` tells in its log; None: it does not."""
    for line in server.log().splitlines():
        if '"serving metrics"' in line:
            return json.loads(line)["port"]
    return None


def get(port, path="/metrics"):
    """The body at `path`."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}{path}", timeout=TIMEOUT_SECONDS) as response:
        return response.read().decode("utf-8")
