#!/usr/bin/env python3
"""Time and peak memory of `auditform plan` against an emulator in a process of its own.

    cargo build --release && benches/plan.py [--binary target/release/auditform] [--runs 5]

Two sizes of tenant, each planned twice over: with a spec that it follows already, and with one from
which every mailbox differs. Prints medians with their spread, and what a mailbox adds to the peak
memory when nothing differs; ends with 1 if that is more than 32 bytes.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (10_007, 99_989)
LIMIT = 32  # bytes per mailbox, when nothing differs

SEED = """
[tenant]
organization = "contoso.onmicrosoft.com"
[generate]
mailboxes = {mailboxes}
seed = 7
compliant = 1.0
[generate.types]
UserMailbox = 80
SharedMailbox = 12
RoomMailbox = 5
EquipmentMailbox = 3
"""

SPEC = """
version = 1
[tenant]
organization = "contoso.onmicrosoft.com"
endpoint = "{base_url}"
[tenant.sign_in]
method = "certificate"
client_id = "{client_id}"
certificate = '{certificate_pem}'
[mailbox_audit.bench]
recipient_types = ["UserMailbox", "SharedMailbox", "RoomMailbox", "EquipmentMailbox"]
admin = {{ at_least = [{actions}] }}
"""

SPECS = {"no drift": '"Copy", "Move"', "all differ": '"RecordDelete"'}


def measure(command, out):
    """Wall-clock seconds, processor seconds, peak memory in KiB and number of changes of one run.

    The peak is read from /proc while the child lives: what `wait4` tells also counts the memory of
    this interpreter, from which the child was started.
    """
    started = time.monotonic()
    with open(out, "wb") as stdout:
        child = subprocess.Popen(command, stdout=stdout, stderr=subprocess.DEVNULL)
    peak, gone = 0, 0
    while gone == 0:
        try:
            status = Path(f"/proc/{child.pid}/status").read_text()
            peak = max([peak, *(int(kib) for kib in re.findall(r"VmHWM:\s+(\d+)", status))])
        except (FileNotFoundError, ProcessLookupError):
            pass
        time.sleep(0.002)
        gone, status, usage = os.wait4(child.pid, os.WNOHANG)
    seconds = time.monotonic() - started
    if status != 0:
        sys.exit(f"{command} failed")
    with open(out, encoding="utf-8") as document:
        changes = int(re.search(r'"change":(\d+)', document.read(4096)).group(1))
    return seconds, usage.ru_utime + usage.ru_stime, peak, changes


def serve(binary, directory, mailboxes):
    seed, ready = directory / "tenant.toml", directory / "ready.json"
    seed.write_text(SEED.format(mailboxes=mailboxes))
    command = [binary, "emulate", "--quiet", "--seed", seed, "--ready-file", ready]
    emulator = subprocess.Popen([str(part) for part in command], stderr=subprocess.DEVNULL)
    while not ready.exists():
        if emulator.poll() is not None:
            sys.exit("the emulator did not start")
        time.sleep(0.05)
    return emulator, json.loads(ready.read_text())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default="target/release/auditform")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    binary = str(Path(options.binary).resolve())
    peaks = {}
    print(f"{'mailboxes':>9}  {'plan':<10}  {'seconds':>20}  {'processor':>9}  {'peak MiB':>8}  changes")
    for mailboxes in SIZES:
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            emulator, ready = serve(binary, directory, mailboxes)
            try:
                for title, actions in SPECS.items():
                    spec = directory / "auditform.toml"
                    spec.write_text(SPEC.format(actions=actions, **ready))
                    command = [binary, "plan", "--quiet", "--format", "json", str(spec)]
                    runs = [measure(command, directory / "plan.json") for _ in range(options.runs)]
                    wall = [run[0] for run in runs]
                    peak = statistics.median(run[2] for run in runs)
                    peaks[mailboxes, title] = peak
                    spread = f"{statistics.median(wall):.2f} ({min(wall):.2f}..{max(wall):.2f})"
                    processor = statistics.median(run[1] for run in runs)
                    changes = runs[0][3]
                    print(f"{mailboxes:>9}  {title:<10}  {spread:>20}  {processor:>9.2f}"
                          f"  {peak / 1024:>8.1f}  {changes}")
            finally:
                emulator.terminate()
                emulator.wait()
    fewer, more = SIZES
    for title in SPECS:
        growth = (peaks[more, title] - peaks[fewer, title]) * 1024 / (more - fewer)
        print(f"peak memory grows by {growth:.1f} bytes per mailbox: {title}")
        if title == "no drift" and growth > LIMIT:
            sys.exit(f"more than the {LIMIT} bytes that are allowed")


if __name__ == "__main__":
    main()
