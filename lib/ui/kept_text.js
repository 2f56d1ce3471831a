/* A text field that loses nothing: what is typed lies in this browser at once and is sent to the
   server soon; it leaves the browser only when the server answers with the same text. The field is
   built once and brought up to date in place, so that the caret outlives every run of the page. */
const STILL = 1500; // how long typing has to pause before the text is sent, in milliseconds
const LONGEST = 2000; // the longest that a text waits while typing goes on
const PATIENCE = 5000; // after which an answer is no longer expected
const EVERY = 30000; // how often unsaved text is put into the browser's store in any case

const MARKUP = `
  <label></label>
  <p class="kept-notice" role="status" hidden><span></span>
    <button type="button" name="theirs">Take the saved version</button>
    <button type="button" name="mine">Keep this one</button></p>
  <div class="kept-tabs" role="tablist" hidden>
    <button type="button" role="tab" aria-selected="true">Write</button>
    <button type="button" role="tab" aria-selected="false" tabindex="-1">Preview</button></div>
  <div class="kept-preview" role="tabpanel" tabindex="0" hidden></div>
  <div class="kept-foot"><small class="kept-state" aria-hidden="true"></small>
    <small class="kept-count num"></small></div>
  <p class="kept-problem" role="alert"></p>
  <p class="kept-warning" role="status"></p>`;

const clock = (at) => {
  const then = new Date(at);
  const time = `${String(then.getHours()).padStart(2, '0')}:${String(then.getMinutes()).padStart(2, '0')}`;
  return then.toDateString() === new Date().toDateString() ? time : `${then.toLocaleDateString()} ${time}`;
};

class KeptText {
  constructor(parent, data) {
    this.root = parent.appendChild(document.createElement('div'));
    this.root.className = 'kept';
    this.root.innerHTML = MARKUP;
    const find = (selector) => this.root.querySelector(selector);
    this.area = document.createElement(data.rows > 1 ? 'textarea' : 'input');
    this.area.id = `kept-${data.id}`;
    this.area.dir = 'auto';
    this.area.autocomplete = 'off';
    find('label').htmlFor = this.area.id;
    this.preview = find('.kept-preview');
    this.preview.before(this.area);
    [this.label, this.notice, this.tabs] = ['label', '.kept-notice', '.kept-tabs'].map(find);
    [this.state, this.count] = ['.kept-state', '.kept-count'].map(find);
    [this.problem, this.warning] = ['.kept-problem', '.kept-warning'].map(find);
    this.problem.id = `kept-${data.id}-problem`;
    this.area.setAttribute('aria-describedby', this.problem.id);

    this.area.addEventListener('input', () => this.typed());
    this.area.addEventListener('blur', () => this.flush(true));
    this.area.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && data.rows === 1) this.flush(true);
    });
    find('[name=theirs]').onclick = () => this.decide(this.theirs);
    find('[name=mine]').onclick = () => this.decide(this.area.value);
    [...this.tabs.children].forEach((tab, at, all) => {
      tab.onclick = () => this.show(at === 1);
      tab.onkeydown = (event) => {
        if (!/^Arrow(Left|Right)$/.test(event.key)) return;
        this.show(at === 0);
        all[1 - at].focus();
      };
    });
    this.keep = () => this.dirty() && this.store();
    addEventListener('pagehide', this.keep);
    this.clock = setInterval(this.keep, EVERY);
  }

  /** What the server says now, in each run of the page. */
  take(data, send) {
    this.send = send;
    const another = this.data?.store !== data.store;
    if (another && this.data) this.keep(); // before the field becomes another job's
    this.data = data;
    this.label.textContent = data.label;
    if (data.rows > 1) this.area.rows = data.rows;
    this.area.placeholder = data.placeholder;
    this.area.required = data.required;
    const text = data.text.replace(/\r\n?/g, '\n').replace(/\n/g, data.rows > 1 ? '\n' : ' ');
    if (another) this.begin(text);
    else this.answer(text);
    this.tabs.hidden = data.html === null;
    if (data.html !== null && this.shown !== data.html) this.preview.innerHTML = this.shown = data.html;
    this.problem.textContent = data.problem;
    this.warning.textContent = data.warning;
    this.area.setAttribute('aria-invalid', String(Boolean(data.problem)));
    this.tell();
  }

  /** Another job's text, or the first: what an earlier visit could not save is put back. */
  begin(text) {
    Object.assign(this, { saved: text, sent: null, own: new Set(), held: false, since: 0, refused: 0, patience: PATIENCE, asked: false });
    this.notice.hidden = true;
    this.area.value = text;
    const kept = this.stored();
    const changed = kept?.base !== text;
    // A browser that was killed may have written an older state to the disk than it had sent.
    if (!kept || kept.text === text || (changed && text.includes(kept.text))) return this.forget();
    this.area.value = kept.text;
    this.held = changed;
    this.ask(`${this.data.restored.replace('{time}', clock(kept.at))}.${this.held ? ' What is saved was changed since.' : ''}`, text);
    if (!this.held) this.wait(0);
  }

  /** The server's text: ours, older than ours, or somebody else's. */
  answer(text) {
    const { sent } = this;
    const mine = this.area.value;
    const answered = sent && this.data.answered === sent.turn;
    const foreign = text !== this.saved && text !== mine && !this.own.has(text);
    const cleared = answered && sent.text === mine && !mine.trim(); // an empty name is made anew
    if (answered) Object.assign(this, { sent: null, patience: PATIENCE });
    if (cleared || !this.dirty()) {
      this.area.value = text;
    } else if (foreign) {
      this.held = true;
      this.ask('This was changed elsewhere meanwhile. What you typed is kept here.', text);
    } else if (answered && text !== sent.text) {
      this.refused += 1; // by a change of another field in another tab, or for good
    }
    this.own.add(this.saved); // a run that began before ours was saved may still bring it
    this.saved = text;
    if (this.dirty()) {
      if (this.refused < 2) this.later();
      return;
    }
    if (this.held) this.notice.hidden = true;
    this.held = false;
    this.own.clear();
    this.forget();
  }

  typed() {
    this.since ||= Date.now();
    this.refused = 0;
    if (this.dirty()) this.store();
    else this.forget();
    this.later();
    this.tell();
  }

  dirty() {
    return this.area.value !== (this.sent?.text ?? this.saved) || this.area.value !== this.saved;
  }

  later() {
    if (this.data.live) this.wait(Math.min(STILL, (this.since || Date.now()) + LONGEST - Date.now()));
  }

  wait(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), Math.max(0, milliseconds));
  }

  /** Sends what is not saved yet; in a hurry also where an earlier text has not been answered. */
  flush(hurry = false) {
    if (this.held || !this.dirty()) return;
    const text = this.area.value;
    const left = this.sent ? this.sent.until - Date.now() : 0;
    if (left > 0 && !(hurry && this.sent.text !== text)) return this.wait(left);
    if (this.sent && left <= 0) this.patience = Math.min(2 * this.patience, EVERY);
    this.sent = { turn: Date.now(), text, until: Date.now() + this.patience };
    this.own.add(text);
    this.since = 0;
    this.send('typed', { turn: this.sent.turn, store: this.data.store, text });
    this.asked = true;
    this.wait(this.patience);
    this.tell();
  }

  /** Shows what happened, and asks which of the two texts it shall be. */
  ask(message, theirs) {
    this.theirs = theirs;
    this.notice.firstElementChild.textContent = message;
    this.notice.hidden = false;
  }

  decide(text) {
    this.notice.hidden = true;
    this.held = false;
    this.area.value = text;
    this.area.focus();
    this.typed();
    this.flush(true);
  }

  show(preview) {
    this.preview.hidden = !preview;
    this.area.hidden = preview;
    [...this.tabs.children].forEach((tab, at) => {
      tab.setAttribute('aria-selected', String(preview === (at === 1)));
      tab.tabIndex = preview === (at === 1) ? 0 : -1;
    });
    if (preview) this.flush(true);
  }

  tell() {
    const typed = [...this.area.value].length;
    this.count.textContent = `${typed}/${this.data.limit}`;
    this.count.classList.toggle('over', typed > this.data.limit);
    const unanswered = this.patience > PATIENCE;
    this.state.textContent = this.held ? 'Not saved: choose one of the two above'
      : !this.dirty() ? (this.asked ? 'Saved' : '')
      : unanswered ? 'Not saved yet: kept in this browser until the server answers'
      : this.sent ? 'Saving …' : 'Not saved yet';
  }

  place() {
    return `kept-text:${this.data.id}:${this.data.store}`;
  }

  stored() {
    try { return JSON.parse(localStorage.getItem(this.place())); } catch { return null; }
  }

  store() {
    const kept = { text: this.area.value, base: this.saved, at: Date.now() };
    try { localStorage.setItem(this.place(), JSON.stringify(kept)); } catch { /* full, or switched off */ }
  }

  forget() {
    try { localStorage.removeItem(this.place()); } catch { /* switched off */ }
  }

  leave() {
    this.keep();
    clearTimeout(this.timer);
    clearInterval(this.clock);
    removeEventListener('pagehide', this.keep);
  }
}

// As a state and not as a trigger: it comes again with whatever the browser sends next, where
// that was sooner than the server's answer.
export default function ({ parentElement, data, setStateValue }) {
  const field = (parentElement.kept ??= new KeptText(parentElement, data));
  field.take(data, setStateValue);
  return () => field.leave();
}
