"""An S3 server of its own process (moto's), with one bucket."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

KEY, SECRET, REGION, BUCKET = "A-KEY-OF-TESTS", "a/secret+of=tests", "us-east-1", "desk-of-tests"


class S3Server:
    """The running process; `with` ends it."""

    def __init__(self) -> None:
        import boto3  # slow, and few tests need it

        self._log = tempfile.NamedTemporaryFile("w+", prefix="moto-", suffix=".log")  # noqa: SIM115
        code = "from moto.server import main; main()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, "-H", "127.0.0.1", "-p", "0"],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self.address = self._address()
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=self.address,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name=REGION,
        )
        self.client.create_bucket(Bucket=BUCKET)

    def __enter__(self) -> "S3Server":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(10)
        self._log.close()

    @property
    def storage_url(self) -> str:
        """STORAGE_URL of a desk that keeps its results there."""
        account = f"{quote(KEY, safe='')}:{quote(SECRET, safe='')}"
        return f"s3://{account}@{BUCKET}/runs?endpoint_url={self.address}&region={REGION}"

    def key_list(self) -> list[str]:
        found = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return [entry["Key"] for entry in found]

    def write(self, key: str, content: bytes) -> None:
        """What somebody with access to the bucket does behind the desk's back."""
        self.client.put_object(Bucket=BUCKET, Key=f"runs/{key}", Body=content)

    def _address(self) -> str:
        for _ in range(600):
            for line in Path(self._log.name).read_text().splitlines():
                if "Running on " in line:
                    return line.partition("Running on ")[2].strip()
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"moto did not start: {Path(self._log.name).read_text()}")
