"""Where a job comes from, in the final check: its template, and a similar job before (FR1.3.2)."""

from lib.services.final_check import FinalCheck
from lib.ui.template_dialogs import remarks
from lib.ui.text import safe


def origin(check: FinalCheck) -> str:
    """The job's name, `Based on Template: {name}` and `Similar to your previous job: ...`."""
    lines = [f'<p class="fc-job-name">{safe(check.assessment.draft.name)}</p>']
    if (begun := check.assessment.begun) is not None:
        job = _link(f"/job?job={check.assessment.draft.continues}", begun.name)
        lines.append(f'<p class="num">Continues {job}: {safe(begun.left)}</p>')
    if check.template is not None:
        template, modified = check.template
        link = _link(f"/templates?template={template.id}", template.name)
        lines.append(f"<p>Based on Template: {link}{remarks(template, modified)}</p>")
    if check.similar is not None:
        job = _link(f"/job?job={check.similar.id}", check.similar.name)
        lines.append(
            f'<p class="num">Similar to your previous job: {job} - {safe(check.similar.text)}</p>'
        )
    return f'<div class="fc-origin">{"".join(lines)}</div>'


def _link(address: str, name: str) -> str:
    """In a tab of its own: the check stays open in this one."""
    return (
        f'<a href="{address}" target="_blank" rel="noopener">{safe(name)}'
        '<span class="fc-unseen"> (opens in a new tab)</span></a>'
    )
