#!/usr/bin/env python3
"""The unit tests of the Rust crate, beside their sources in bridge/src; the golden tables are
the ones that tests/conformance reads too."""
# tests/run: timeout=1200

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.M)

golden = pathlib.Path(os.environ.get("WEIR_GOLDEN", ROOT.parent / "shared/golden"))
environment = dict(os.environ, WEIR_GOLDEN=str(golden))
done = subprocess.run([str(ROOT / "tools/test-bridge")], env=environment, text=True,
                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
print(done.stdout)
found = RESULT.findall(done.stdout)
passed, failed, ignored = (sum(int(row[i]) for row in found) for i in range(3))
if not found or (done.returncode != 0 and failed == 0):
    failed += 1  # it did not compile, or it crashed
print(f"{passed} passed, {failed} failed, {ignored} skipped")
sys.exit(0 if failed == 0 and passed > 0 else 1)
