/* Comboboxes over a list: tags to tick, and clients with their projects. Built once, then brought
   up to date in place. What was picked shows at once; the server's answer has the last word. */
const MOST = 200; // entries in the list at a time; typing finds the others
const PATIENCE = 5000; // milliseconds after which the server's state counts again, answer or not

const MARKUP = `
  <label></label>
  <p class="pick-problem" role="alert"></p>
  <div class="pick-box">
    <input role="combobox" aria-autocomplete="list" aria-expanded="false" autocomplete="off" dir="auto">
    <button type="button" class="pick-clear" aria-label="Clear" hidden>×</button>
    <i aria-hidden="true">expand_more</i>
    <ul role="listbox" hidden></ul>
    <div class="pick-form" role="group" aria-label="New client and project" hidden>
      <label>Client<input name="client" maxlength="100" autocomplete="off" dir="auto"></label>
      <label>Project <small>optional</small><input name="project" maxlength="100" autocomplete="off" dir="auto"></label>
      <div><button type="button" name="create">Create</button><button type="button" name="cancel">Cancel</button></div>
    </div>
  </div>
  <div class="tag-pills"></div>
  <p class="unseen" role="status"></p>`;

const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};

/** The text in pieces, those that were searched for marked. */
const marked = (text, words) => {
  const low = text.toLowerCase();
  if (low.length !== text.length) return [text];
  const hit = new Array(text.length).fill(false);
  for (const word of words)
    for (let at = low.indexOf(word); at >= 0; at = low.indexOf(word, at + 1)) hit.fill(true, at, at + word.length);
  const pieces = [];
  for (let from = 0, to; from < text.length; from = to) {
    for (to = from; to < text.length && hit[to] === hit[from]; ) to += 1;
    const piece = text.slice(from, to);
    pieces.push(hit[from] ? element('mark', {}, piece) : piece);
  }
  return pieces;
};

class Picker {
  constructor(parent, data) {
    this.root = parent.appendChild(element('div', { class: `pick pick-${data.kind}` }));
    this.root.innerHTML = MARKUP;
    const find = (selector) => this.root.querySelector(selector);
    [this.label, this.box, this.input, this.list] = ['label', '.pick-box', 'input', 'ul'].map(find);
    [this.clear, this.form, this.pills] = ['.pick-clear', '.pick-form', '.tag-pills'].map(find);
    [this.problem, this.status] = ['.pick-problem', '.unseen'].map(find);
    this.input.id = this.label.htmlFor = `pick-${data.id}`;
    this.list.id = `pick-${data.id}-list`;
    this.problem.id = `pick-${data.id}-problem`;
    this.input.setAttribute('aria-controls', this.list.id);
    this.input.setAttribute('aria-describedby', this.problem.id);
    this.list.setAttribute('aria-label', data.label);

    this.box.addEventListener('mousedown', (event) => {
      if (event.target.closest('.pick-form, .pick-clear')) return;
      if (event.target !== this.input) event.preventDefault(); // the focus stays in the field
      if (event.target.closest('ul')) return;
      this.input.focus();
      if (this.open && event.target !== this.input) this.close();
      else if (!this.open) this.unfold();
    });
    this.list.addEventListener('click', (event) => {
      const at = [...this.list.children].indexOf(event.target.closest('[role=option]'));
      if (at >= 0) this.choose(this.entries[at]);
    });
    this.input.addEventListener('input', () => this.search());
    this.input.addEventListener('keydown', (event) => this.pressed(event));
    this.root.addEventListener('focusout', (event) => {
      if (event.relatedTarget && this.root.contains(event.relatedTarget)) return;
      if (document.hasFocus()) this.close();
    });
    this.clear.onclick = () => { this.pick(this.nothing()); this.input.focus(); };
  }

  /** What the server says now, in each run of the page. */
  take(data, send) {
    this.send = send;
    this.data = data;
    this.label.textContent = data.label;
    const { pending } = this;
    if (pending && (data.answered === pending.turn || Date.now() > pending.until)) {
      this.pending = null;
      this.problem.textContent = data.answered === pending.turn ? data.problem : '';
      if (this.problem.textContent) this.again(pending.typed);
    }
    this.chosen = this.pending ? this.pending.value : data.chosen;
    this.show();
  }

  pick(value, typed) {
    this.problem.textContent = '';
    this.pending = { turn: Date.now(), until: Date.now() + PATIENCE, value, typed };
    this.chosen = value;
    this.send('picked', { turn: this.pending.turn, value });
    this.show();
  }

  unfold() {
    this.open = true;
    this.active = -1;
    this.form.hidden = true;
    this.input.value = '';
    this.show();
    this.list.scrollIntoView({ block: 'nearest' });
  }

  close() {
    if (!this.open && this.form.hidden) return;
    this.open = false;
    this.form.hidden = true;
    this.input.value = '';
    this.problem.textContent = '';
    this.show();
  }

  search() {
    this.open = true;
    this.form.hidden = true;
    this.problem.textContent = '';
    this.active = this.input.value.trim() ? 0 : -1;
    this.show();
    this.list.scrollIntoView({ block: 'nearest' });
    this.status.textContent = `${this.entries.length} in the list`;
  }

  pressed(event) {
    const last = this.entries.length - 1;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (!this.open) this.unfold();
      const from = this.active < 0 && step < 0 ? 0 : this.active;
      this.active = (from + step + this.entries.length) % Math.max(1, this.entries.length);
      this.show();
    } else if (event.key === 'Enter' && this.open) {
      if (this.active >= 0 && this.active <= last) this.choose(this.entries[this.active]);
    } else if (event.key === 'Enter') {
      this.unfold();
    } else if (event.key === 'Escape' && this.open) {
      this.close();
      event.stopPropagation(); // a dialog around it stays
    } else if (event.key === 'Backspace' && !this.input.value) {
      this.erase();
      return;
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Draws the list, where it is open, and what stands around it. */
  show() {
    const query = this.open ? this.input.value.trim() : '';
    this.entries = this.found(query);
    this.list.hidden = !this.open;
    this.input.setAttribute('aria-expanded', String(Boolean(this.open)));
    const options = !this.open ? [] : this.entries.slice(0, MOST).map((entry, at) => element(
      'li',
      { role: 'option', id: `${this.list.id}-${at}`, 'aria-selected': String(Boolean(entry.selected)), class: `${entry.kind}${at === this.active ? ' active' : ''}` },
      element('span', {}, ...entry.pieces),
    ));
    if (this.entries.length > MOST && this.open)
      options.push(element('li', { role: 'presentation', class: 'more' }, `${this.entries.length - MOST} more: type to find them`));
    if (this.open && !this.entries.length) options.push(element('li', { role: 'presentation', class: 'more' }, 'Nothing to choose from yet: type a name'));
    this.list.replaceChildren(...options);
    const active = this.open && options[this.active];
    if (active) {
      this.input.setAttribute('aria-activedescendant', active.id);
      active.scrollIntoView({ block: 'nearest' });
    } else this.input.removeAttribute('aria-activedescendant');
    this.around();
  }
}

class Tags extends Picker {
  nothing() { return []; }

  found(query) {
    const low = query.toLowerCase();
    const known = [...new Set([...this.data.known, ...this.chosen])];
    const entries = known.filter((tag) => tag.includes(low)).map((tag) => (
      { kind: 'tag', tag, selected: this.chosen.includes(tag), pieces: marked(tag, low ? [low] : []) }
    ));
    if (query && !known.includes(query))
      entries.push({ kind: 'create', tag: query, pieces: [`Create new tag: '${query}'`] });
    return entries;
  }

  choose(entry) {
    const { chosen } = this;
    const typed = this.input.value;
    this.input.value = '';
    this.active = this.active >= 0 && !typed ? this.active : -1;
    this.pick(entry.selected ? chosen.filter((tag) => tag !== entry.tag) : [...chosen, entry.tag], typed);
    this.status.textContent = `${entry.tag} ${entry.selected ? 'removed' : 'added'}, ${this.chosen.length} of ${this.data.limit} tags`;
  }

  /** It was refused: what was typed is there again, to be mended. */
  again(typed) {
    if (typed && !this.input.value && this.open) this.input.value = typed;
  }

  erase() {
    if (this.chosen.length) this.remove(this.chosen.at(-1));
  }

  remove(tag) {
    this.pick(this.chosen.filter((other) => other !== tag));
    this.status.textContent = `${tag} removed, ${this.chosen.length} of ${this.data.limit} tags`;
  }

  around() {
    this.input.placeholder = this.data.placeholder;
    this.clear.hidden = true;
    const pills = this.chosen.map((tag) => {
      const button = element('button', { type: 'button', 'aria-label': `Remove tag ${tag}` }, '×');
      button.onclick = () => { this.remove(tag); this.input.focus(); };
      return element('span', { class: 'tag-pill', style: `--hue:${this.data.hues[tag] ?? 220}` }, tag, button);
    });
    this.pills.replaceChildren(...pills);
  }
}

class Client extends Picker {
  constructor(parent, data) {
    super(parent, data);
    [this.client, this.project] = this.form.querySelectorAll('input');
    this.form.querySelector('[name=create]').onclick = () => this.create();
    this.form.querySelector('[name=cancel]').onclick = () => { this.close(); this.input.focus(); };
    this.form.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') { this.close(); this.input.focus(); }
      else if (event.key === 'Enter' && event.target.matches('input')) this.create();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  nothing() { return ['', '']; }

  found(query) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (text) => words.every((word) => text.toLowerCase().includes(word));
    const [ownClient, ownProject] = this.chosen;
    const entries = [];
    let exact = false;
    for (const [client, projects] of this.data.known) {
      exact ||= [client, ...projects].some((name) => name.toLowerCase() === query.toLowerCase());
      if (has(client))
        entries.push({ kind: 'client', value: [client, ''], selected: client === ownClient && !ownProject, pieces: ['Client: ', ...marked(client, words)] });
      for (const project of projects)
        if (has(`${client} ${project}`))
          entries.push({
            kind: 'project', value: [client, project], selected: client === ownClient && project === ownProject,
            pieces: [element('s', {}, 'Client: ', ...marked(client, words), ' → '), 'Project: ', ...marked(project, words)],
          });
    }
    if (query ? !exact : !this.data.known.length)
      entries.push({ kind: 'create', pieces: ['Create New Client/Project'] });
    return entries;
  }

  choose(entry) {
    if (!entry.value) return this.name(this.parted(this.input.value.trim()));
    this.pick(entry.value);
    this.close();
  }

  /** "acme financial q1" is a project Q1 of a client that is known, else a client's name. */
  parted(query) {
    const low = query.toLowerCase();
    const known = this.data.known.map(([client]) => client).find((client) => low.startsWith(`${client.toLowerCase()} `));
    return known ? [known, query.slice(known.length).trim()] : [query, ''];
  }

  name([client, project]) {
    this.open = false;
    this.input.value = '';
    this.show();
    this.form.hidden = false;
    this.form.scrollIntoView({ block: 'nearest' });
    [this.client.value, this.project.value] = [client, project];
    (client ? this.project : this.client).focus();
  }

  create() {
    const value = [this.client.value, this.project.value].map((name) => name.trim().replace(/\s+/g, ' '));
    if (!value[0]) {
      this.problem.textContent = 'Client must have a name';
      return this.client.focus();
    }
    this.pick(value, value);
    this.close();
    this.input.focus();
    this.status.textContent = `${this.input.value} chosen`;
  }

  again(typed) {
    if (typed) this.name(typed);
  }

  erase() {}

  around() {
    const [client, project] = this.chosen;
    const shown = client && `Client: ${client}${project && ` → Project: ${project}`}`;
    if (!this.open) this.input.value = shown;
    this.input.placeholder = (this.open && shown) || this.data.placeholder;
    this.input.title = shown;
    this.clear.hidden = !client || this.open;
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  parentElement.picker ??= data.kind === 'tags' ? new Tags(parentElement, data) : new Client(parentElement, data);
  parentElement.picker.take(data, setTriggerValue);
}
