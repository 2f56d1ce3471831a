"""Orphans are counted where the status page reads them: each once, however often it is seen."""

from dataclasses import replace

from lib.engines.names import run_name
from lib.services import system_status
from lib.worker.leases import utc_now
from lib.worker.orphans import sweep
from lib.worker.reconcile import Reconciler
from tests.worker.fake_engine import Run


def test_an_orphan_counts_once_until_it_is_gone(queue, fake):
    job_id = queue()
    Reconciler().tick()
    (known,) = fake.list_owned()
    assert system_status.facts().orphans == 0
    for number in (7, 8):
        name = run_name(job_id, number)
        fake.runs[name] = Run(replace(fake.runs[known].spec, name=name, attempt=number))
    fake.deaf = 3
    while not sweep(fake, utc_now()):
        pass
    assert fake.list_owned() == [known]
    found = system_status.facts()
    assert found.orphans == 2
    assert found.last_orphan_at is not None
