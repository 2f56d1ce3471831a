"""The words of all jobs, gathered now and then, so that a misspelt search can be mended."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from lib.db import job_search_words, periodic
from lib.db.connection import reading, transaction
from lib.domain.job_search_spelling import WORD_LENGTH
from lib.domain.job_search_text import places

TASK = "search words"
_BATCH = 2_000  # jobs whose words are kept at once
_OVERLAP = timedelta(hours=1)  # longer than any transaction that was open when the task last ran


def gather() -> None:
    """The periodic task: words of the jobs that were written about since it last ended well.

    Words are never forgotten: one that no job has any more mends nothing, since what a search is
    mended to must find a job.
    """
    with reading() as connection:
        last = periodic.last_success(connection, TASK)
        moment = last - _OVERLAP if last else datetime.min.replace(tzinfo=UTC)
        names = job_search_words.names_around(connection)
    _keep(names)
    after = UUID(int=0)
    while True:
        with reading() as connection:
            written = job_search_words.written_since(connection, moment, after, _BATCH)
        if not written:
            return
        _keep([row.text for row in written])
        moment, after = written[-1].metadata_updated_at, written[-1].id


def _keep(texts: list[str]) -> None:
    least, most = WORD_LENGTH
    words = {
        word
        for text in texts
        for *_, word in places(text)
        if least <= len(word) <= most and not any(letter.isdigit() for letter in word)
    }
    with transaction() as connection:
        job_search_words.keep(connection, words)
