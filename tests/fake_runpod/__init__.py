"""A RunPod to test against: a process of its own that speaks HTTP on loopback, faults included.

`world.py` is what it knows, `app.py` and `doors.py` what it answers, `pods.py` what becomes of a
pod, `machines.py` and `container.py` the real processes that pods can be, `contract.py` RunPod's
specification; `client.py` is how a test starts and steers it.
Run by hand: `python -m tests.fake_runpod --port 8600`, then point RUNPOD_API_URL at it.
"""
