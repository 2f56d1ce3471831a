"""Words for people in job events, and errors on one line for the log."""

import traceback


def place(engine: str) -> str:
    """Where a run happens, in the middle of a sentence."""
    return {"local": "this machine", "runpod": "RunPod"}.get(engine, engine)


def describe(error: BaseException) -> str:
    """An error on one line: type, message, and where it was raised."""
    text = " ".join(str(error).split())[:300]
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {text}{where}"
