/* The jobs of a comparison: chips to move and to remove, and a combobox that searches for more.
   Built once, then brought up to date in place; a choice shows at once, as with radio cards. */
const LETTERS = 'ABCDEF';
const PAUSE = 300; // milliseconds without a key before the server is asked

const MARKUP = `
  <ul class="compared-chips" aria-label="Compared jobs"></ul>
  <div class="compared-search">
    <input role="combobox" aria-autocomplete="list" aria-expanded="false" autocomplete="off" dir="auto" maxlength="200">
    <div role="listbox" aria-label="Jobs found" hidden></div>
  </div>
  <p class="unseen" role="status"></p>`;

const element = (name, attributes = {}, text = '') => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
};

class Bar {
  constructor(parent, id) {
    this.root = parent.appendChild(element('div', { class: 'comparison-bar' }));
    this.root.innerHTML = MARKUP;
    [this.chips, this.input, this.list, this.status] =
      ['ul', 'input', '[role=listbox]', '.unseen'].map((selector) => this.root.querySelector(selector));
    this.list.id = `${id}-found`;
    this.input.setAttribute('aria-controls', this.list.id);
    this.active = -1;
    this.input.onfocus = () => this.unfold(true);
    this.input.onblur = () => this.unfold(false);
    this.input.oninput = () => this.typed();
    this.input.onkeydown = (event) => this.pressed(event);
    this.list.onmousedown = (event) => event.preventDefault(); // the focus stays in the field
    this.list.onclick = (event) => {
      const option = event.target.closest('[role=option]');
      if (option) this.add(this.found[[...this.list.children].indexOf(option)]);
    };
  }

  /** What the server says now, in each run of the page. */
  take(data, send) {
    this.send = send;
    this.data = data;
    const { pending } = this;
    if (pending && (data.answered === pending.turn || Date.now() > pending.until)) this.pending = null;
    if (!this.pending) this.jobs = data.jobs;
    this.show();
  }

  choose(jobs, said) {
    this.jobs = jobs;
    this.pending = { turn: Date.now(), until: Date.now() + 5000 };
    this.status.textContent = said;
    const ids = jobs.map((job) => job.id);
    this.send('chosen', { turn: this.pending.turn, ids, text: this.input.value.trim() });
    this.show();
  }

  add(job) {
    clearTimeout(this.timer);
    this.input.value = '';
    this.active = -1;
    this.choose([...this.jobs, job], `${job.name} added`);
  }

  move(at, by) {
    const jobs = [...this.jobs];
    jobs.splice(at + by, 0, ...jobs.splice(at, 1));
    this.choose(jobs, `${jobs[at + by].name} is now ${LETTERS[at + by]}`);
  }

  remove(at) {
    const [gone, rest] = [this.jobs[at], this.jobs.filter((_, each) => each !== at)];
    this.choose(rest, `${gone.name} removed`);
    const next = this.chips.children[Math.min(at, rest.length - 1)];
    (next ? next.querySelector('[name=remove]') : this.input).focus();
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send('typed', { text: this.input.value.trim() }), PAUSE);
    this.active = -1;
    this.unfold(true);
  }

  pressed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found.length) {
      this.active = (this.active + step + this.found.length + (this.active < 0 && step < 0 ? 1 : 0)) % this.found.length;
      this.unfold(true);
    } else if (event.key === 'Enter' && this.found[this.active]) this.add(this.found[this.active]);
    else if (event.key === 'Escape') this.unfold(false);
    else return;
    event.preventDefault();
  }

  unfold(open) {
    this.open = open;
    this.show();
  }

  show() {
    const full = this.jobs.length >= this.data.most;
    this.input.disabled = full;
    this.input.placeholder = full
      ? `${this.data.most} jobs are compared: remove one to add another`
      : 'Add a job: search by name, description, notes, or tags';
    this.input.setAttribute('aria-label', this.input.placeholder);
    this.showChips();
    this.showFound(full);
  }

  showChips() {
    const { chips, jobs } = this;
    while (chips.children.length > jobs.length) chips.lastElementChild.remove();
    while (chips.children.length < jobs.length) {
      const chip = element('li');
      chip.append(element('b'), element('span', { dir: 'auto' }));
      for (const [name, sign] of [['left', '‹'], ['right', '›'], ['remove', '×']])
        chip.append(element('button', { type: 'button', name }, sign));
      chips.append(chip);
    }
    jobs.forEach((job, at) => {
      const [letter, name, left, right, remove] = chips.children[at].children;
      chips.children[at].style.setProperty('--series', this.data.colours[at]);
      [letter.textContent, name.textContent, name.title] = [LETTERS[at], job.name, job.name];
      [left.disabled, right.disabled] = [at === 0, at === jobs.length - 1];
      for (const [button, said, act] of [
        [left, `Move ${job.name} to the left`, () => this.moved(at, -1, 'left')],
        [right, `Move ${job.name} to the right`, () => this.moved(at, 1, 'right')],
        [remove, `Remove ${job.name}`, () => this.remove(at)],
      ]) {
        button.setAttribute('aria-label', said);
        button.onclick = act;
      }
    });
  }

  /** The focus goes with the job that was moved. */
  moved(at, by, name) {
    this.move(at, by);
    const chip = this.chips.children[at + by];
    const button = chip.querySelector(`[name=${name}]`);
    (button.disabled ? chip.querySelector('[name=remove]') : button).focus();
  }

  showFound(full) {
    const text = this.input.value.trim();
    const known = this.data.searched === text; // else the answer is still on its way
    const here = new Set(this.jobs.map((job) => job.id));
    this.found = known ? this.data.found.filter((job) => !here.has(job.id)) : [];
    const open = Boolean(this.open) && !full;
    this.list.hidden = !open;
    this.input.setAttribute('aria-expanded', String(open));
    this.list.replaceChildren(...this.found.map((job, at) => {
      const option = element('div', { role: 'option', id: `${this.list.id}-${at}`, 'aria-selected': String(at === this.active) });
      option.append(element('span', { dir: 'auto' }, job.name), element('small', {}, job.about));
      return option;
    }));
    if (!this.found.length) this.list.append(element('p', {}, known ? 'No job matches.' : 'Searching…'));
    if (this.found[this.active]) {
      this.input.setAttribute('aria-activedescendant', `${this.list.id}-${this.active}`);
      this.list.children[this.active].scrollIntoView({ block: 'nearest' });
    } else this.input.removeAttribute('aria-activedescendant');
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  const made = parentElement.querySelector('.comparison-bar');
  const bar = made ? made.bar : new Bar(parentElement, data.id);
  bar.root.bar = bar;
  bar.take(data, setTriggerValue);
}
