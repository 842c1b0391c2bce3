"""Compile, lint and canonicalise a manifest's policies: `compile.py MANIFEST`.

Prints CPU seconds (without start-up) and peak memory (MB) as one JSON object.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from provisioning import manifest
from provisioning.kinds import KINDS

if __name__ == "__main__":
    started = time.process_time()
    loaded = manifest.load(Path(sys.argv[1]), kinds=KINDS)
    if loaded.manifest is None:
        raise SystemExit(str(loaded.findings))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu": time.process_time() - started, "rss": memory}))
