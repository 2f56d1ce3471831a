/* The final check: a native modal dialog, so that the browser itself dims the page, keeps clicks and
   focus away from it and gives the focus back. Built once, then brought up to date in place. The
   boxes are ticked here alone; the server hears of them with what is pressed, and when the tab goes. */
export default function ({ parentElement, data, setTriggerValue }) {
  let dialog = parentElement.querySelector('dialog');
  if (!dialog) {
    dialog = build();
    parentElement.append(dialog);
  }
  const part = (name) => dialog.querySelector(`[data-part=${name}]`);
  dialog.data = data;
  dialog.tell = setTriggerValue;
  if (!data.open || data.visit === dialog.over) {
    if (dialog.open) dialog.leave();
    return;
  }
  part('cost').textContent = data.cost;
  for (const name of ['notice', 'body']) {
    const element = part(name);
    if (element.shown !== data[name]) element.innerHTML = element.shown = data[name];
  }
  part('boxes').querySelectorAll('span').forEach((text, at) => { text.textContent = data.confirmations[at]; });
  if (dialog.pending === data.answered) dialog.pending = null;

  const first = dialog.visit !== data.visit;
  const again = !first && dialog.asked !== data.asked;
  if (first || again) dialog.querySelectorAll('[type=checkbox]').forEach((box) => { box.checked = false; });
  dialog.visit = data.visit;
  dialog.asked = data.asked;
  dialog.follow();
  if (!dialog.open) dialog.showModal();
  if (first) {
    part('scroll').scrollTop = 0;
    part('title').focus();
    dialog.say(data.spoken);
  } else if (again) {
    part('notice').focus();
    part('scroll').scrollTop = 0;
  }
}

function build() {
  const dialog = document.createElement('dialog');
  dialog.className = 'final-check';
  dialog.setAttribute('aria-labelledby', 'fc-title');
  dialog.setAttribute('aria-describedby', 'fc-cost');
  dialog.setAttribute('aria-modal', 'true');
  dialog.innerHTML = `
    <header>
      <h2 id="fc-title" data-part="title" tabindex="-1"><i class="fc-icon" aria-hidden="true">warning</i>Review Training Configuration - Final Check Before Starting</h2>
      <p id="fc-cost" class="num">Total Estimated Cost: <b data-part="cost"></b></p>
    </header>
    <div class="fc-scroll" data-part="scroll">
      <div class="fc-notice" role="alert" tabindex="-1" data-part="notice"></div>
      <div class="fc-body" data-part="body"></div>
      <fieldset data-part="boxes"><legend>Confirmation Checklist</legend>
        <label><input type="checkbox"><span></span></label>
        <label><input type="checkbox"><span></span></label>
        <label><input type="checkbox"><span></span></label>
      </fieldset>
    </div>
    <footer>
      <button type="button" class="fc-start" data-outcome="started" aria-describedby="fc-hint"><i class="fc-icon" aria-hidden="true">rocket_launch</i><span data-part="start">Start Training</span></button>
      <button type="button" class="fc-edit" data-outcome="edited">Edit Configuration</button>
      <button type="button" class="fc-cancel" data-outcome="cancelled" aria-describedby="fc-kept">Cancel</button>
      <p id="fc-hint" data-part="hint"></p>
      <p id="fc-kept">Cancel leads to the job list; this stays there as a draft.</p>
      <p class="fc-unseen" role="status" data-part="spoken"></p>
    </footer>`;
  const part = (name) => dialog.querySelector(`[data-part=${name}]`);
  const boxes = [...dialog.querySelectorAll('input')];
  const start = dialog.querySelector('.fc-start');
  const checked = () => boxes.filter((box) => box.checked).length;

  dialog.say = (words) => {
    part('spoken').textContent = ''; // so that the same words are spoken again
    setTimeout(() => { part('spoken').textContent = words; }, 150);
  };
  dialog.follow = () => {
    const { can_start: canStart, hint } = dialog.data;
    start.disabled = Boolean(dialog.pending) || !canStart || checked() < boxes.length;
    start.setAttribute('aria-busy', String(Boolean(dialog.pending)));
    part('start').textContent = dialog.pending ? 'Starting …' : 'Start Training';
    const missing = boxes.length - checked();
    const left = missing ? `Tick ${missing === boxes.length ? 'all three boxes' : missing === 1 ? 'the last box' : `${missing} more boxes`} to start.` : 'Ready to start.';
    part('hint').textContent = canStart ? left : hint;
  };
  dialog.leave = () => {
    dialog.close();
    if (document.activeElement === document.body) document.querySelector(dialog.data.opener)?.focus();
  };
  const end = (outcome) => {
    if (dialog.pending) return; // one answer at a time, however often it is pressed
    const turn = Date.now();
    if (outcome === 'started') {
      dialog.pending = turn;
      dialog.follow();
      dialog.say('Starting');
      setTimeout(() => {
        if (dialog.pending !== turn) return;
        dialog.pending = null;
        dialog.follow();
        part('hint').textContent = 'No answer yet. Try again: a job is started once at most.';
      }, 20000);
    } else {
      dialog.over = dialog.visit;
      dialog.leave();
    }
    dialog.tell('ended', { outcome, checked: checked(), visit: dialog.visit, shown: dialog.data.shown, turn });
  };

  const setCap = () => {
    if (dialog.pending) return;
    const amount = dialog.querySelector('[data-cap=amount]').value;
    dialog.tell('cap', { amount, visit: dialog.visit, turn: Date.now() });
  };
  dialog.addEventListener('click', (event) => {
    if (event.target.closest('[data-cap=set]')) setCap();
    const { outcome } = event.target.closest('[data-outcome]:not(:disabled)')?.dataset ?? {};
    if (outcome) end(outcome); // anything else, the dimmed page as well, does nothing
  });
  dialog.addEventListener('cancel', (event) => { // Escape, or the back gesture of a phone
    event.preventDefault();
    end('cancelled');
  });
  dialog.addEventListener('change', (event) => {
    if (!boxes.includes(event.target)) return;
    dialog.follow();
    if (!start.disabled) dialog.say('All boxes are ticked: Start Training is available.');
  });
  dialog.addEventListener('keydown', (event) => {
    event.stopPropagation(); // no shortcut of the page behind it
    if (event.key === 'Escape') {
      event.preventDefault();
      end('cancelled');
    } else if (event.key === 'Enter' && boxes.includes(event.target)) {
      event.preventDefault();
      event.target.click();
    } else if (event.key === 'Enter' && event.target.matches('[data-cap=amount]')) {
      event.preventDefault();
      setCap();
    } else if (event.key === 'Tab') {
      const stops = [...dialog.querySelectorAll('a[href], button:not(:disabled), input, [tabindex="0"]')];
      const [from, to] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
      if (document.activeElement !== from && dialog.contains(document.activeElement)) return;
      event.preventDefault(); // around, never to the browser's own buttons
      to.focus();
    }
  });
  const away = () => {
    if (!dialog.isConnected || !dialog.open || dialog.pending) return;
    navigator.sendBeacon(`/review-visits/${dialog.visit}`, String(checked()));
  };
  window.addEventListener('pagehide', away);
  document.addEventListener('visibilitychange', () => { if (document.hidden) away(); });
  return dialog;
}
