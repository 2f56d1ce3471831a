"""Stands in for the trainer where a test needs a run to die, hang or disobey at an exact moment.

Called as the trainer is: `-m trainer ACTION CONFIG`. What it does is named in the configuration,
as hyperparameters: `{"plan": "started step step completed", "pause": 0.05}`.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

config = json.loads(Path(sys.argv[-1]).read_text())
plan = config["hyperparameters"]
run_dir = Path(config["run_dir"])
events = run_dir / "events.jsonl"
step = 0


def write(kind, **facts):
    lines = events.read_text().count("\n") if events.exists() else 0
    event = {"seq": lines + 1, "attempt": config["attempt"], "kind": kind, **facts}
    event["at"] = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    with events.open("a") as file:
        file.write(json.dumps(event) + "\n")


def interrupted(number, frame):
    write("interrupted", step=step, signal=signal.Signals(number).name)
    sys.exit(3)


if plan.get("stubborn"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, interrupted)

for word in plan["plan"].split():
    match word:
        case "started":
            write(
                "started",
                pid=os.getpid(),
                device="cpu",
                steps_total=4,
                trainable_parameters=1,
                base_model="tiny",
                resumed_from_step=None,
            )
        case "step":
            step += 1
            write(
                "step",
                step=step,
                steps_total=4,
                epoch=step / 4,
                loss=2.0 / step,
                learning_rate=0.1,
                tokens_seen=100 * step,
                tokens_per_second=100.0,
                elapsed_seconds=float(step),
            )
        case "completed":
            write("completed", step=step, adapter="adapter")
        case "failed":
            write("failed", code="bad_data", message="The data is bad.", detail="line 1")
        case "crash":
            sys.exit("No module named 'torch'")
        case "die":
            print("about to die", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(60)
    time.sleep(plan.get("pause", 0))
