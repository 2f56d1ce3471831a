/* The table of jobs: built once, then brought up to date in place, so that focus, selection and
   the scroll position outlive every run of the page. A row holds links, so it is no option of a
   list box: each has a checkbox of its own, arrows lead from one to the next. */
export default function ({ parentElement, data, setTriggerValue }) {
  let table = parentElement.querySelector('table.job-list');
  if (!table) {
    table = document.createElement('table');
    table.className = 'job-list';
    table.innerHTML = '<thead><tr></tr></thead><tbody></tbody>';
    parentElement.append(table);
  }
  if (table.page !== undefined && table.page !== data.page && table.getBoundingClientRect().top < 0) table.scrollIntoView();
  table.page = data.page;
  const [head] = table.tHead.rows, [body] = table.tBodies;
  if (head.shown !== data.columns.join()) {
    head.shown = data.columns.join();
    head.innerHTML = '<th><label><input type="checkbox" aria-label="Select all jobs on this page"></label></th>';
    for (const title of data.columns) {
      const cell = head.appendChild(document.createElement('th'));
      cell.scope = 'col';
      cell.textContent = title;
    }
  }

  // Rows keep their element while their job is listed, wherever it moves.
  const before = new Map([...body.rows].map((row) => [row.dataset.id, row]));
  data.rows.forEach((job, at) => {
    const row = before.get(job.id) ?? document.createElement('tr');
    before.delete(job.id);
    const shown = JSON.stringify(job);
    if (row.shown !== shown) {
      row.shown = shown;
      row.dataset.id = job.id;
      if (!row.cells.length) row.innerHTML = '<td><label><input type="checkbox"></label></td>';
      row.querySelector('input').setAttribute('aria-label', `Select ${job.name}`);
      job.cells.forEach((html, column) => {
        const cell = row.cells[column + 1] ?? row.insertCell();
        cell.dataset.column = data.columns[column];
        if (cell.shown !== html) cell.innerHTML = cell.shown = html;
      });
      while (row.cells.length > job.cells.length + 1) row.deleteCell(-1);
    }
    if (body.rows[at] !== row) body.insertBefore(row, body.rows[at] ?? null);
  });
  for (const row of before.values()) row.remove();

  const boxes = [...body.querySelectorAll('input')];
  const all = head.querySelector('input');
  const draw = () => {
    const count = boxes.filter((box) => box.checked).length;
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
    for (const box of boxes) box.closest('tr').classList.toggle('chosen', box.checked);
  };
  // A choice shows at once; until its own run has answered, what earlier runs say of it is old.
  const { pending } = table;
  if (pending && (data.answered === pending.turn || Date.now() > pending.until)) table.pending = null;
  if (!table.pending) for (const box of boxes) box.checked = data.chosen.includes(box.closest('tr').dataset.id);
  draw();

  const tell = () => {
    draw();
    const ids = boxes.filter((box) => box.checked).map((box) => box.closest('tr').dataset.id);
    table.pending = { turn: Date.now(), until: Date.now() + 5000 };
    setTriggerValue('chosen', { ids, turn: table.pending.turn });
  };
  all.onchange = () => {
    for (const box of boxes) box.checked = all.checked;
    tell();
  };
  body.onchange = tell;
  body.onclick = (event) => {
    const box = event.target.closest('input');
    if (box) {
      // With Shift, all from the last one that was clicked.
      const at = boxes.indexOf(box), from = boxes.indexOf(table.last);
      if (event.shiftKey && from >= 0) {
        for (let one = Math.min(at, from); one <= Math.max(at, from); one++) boxes[one].checked = box.checked;
      }
      table.last = box;
      return;
    }
    const link = event.target.closest('a');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab of its own
    if (link.classList.contains('job-name')) setTriggerValue('opened', { id: link.closest('tr').dataset.id });
    else if (link.classList.contains('tag-pill')) setTriggerValue('tagged', { tag: link.textContent });
    else return;
    event.preventDefault();
  };
  body.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = boxes.indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = boxes[at + step];
    if (!next) return;
    if (event.shiftKey && next.checked !== event.target.checked) {
      next.checked = event.target.checked;
      tell();
    }
    next.focus();
  };
}
