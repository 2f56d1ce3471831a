/* A group of radio cards: built once, then brought up to date in place, so that focus, opened
   details and the scroll position outlive every run of the page. The header of a card is the
   radio; its body may hold links and details, which must not be inside of one. */
export default function ({ parentElement, data, setTriggerValue }) {
  let group = parentElement.querySelector('.radio-cards');
  if (!group) {
    group = document.createElement('div');
    group.className = 'radio-cards';
    group.setAttribute('role', 'radiogroup');
    const spoken = document.createElement('p');
    spoken.className = 'unseen';
    spoken.setAttribute('role', 'status');
    parentElement.append(group, spoken);
  }
  const spoken = group.nextElementSibling;
  // A choice shows at once. Until its own run has answered, what earlier runs say of it is old;
  // where no answer comes, because the server went away, what it says afterwards counts.
  const { pending } = group;
  if (pending && (data.answered === pending.turn || Date.now() > pending.until)) group.pending = null;
  group.setAttribute('aria-label', data.label);
  group.style.setProperty('--cards', data.cards.length);

  const cards = data.cards.map((card, index) => {
    let element = group.children[index];
    if (!element) {
      element = document.createElement('div');
      element.innerHTML = '<div role="radio"><i aria-hidden="true"></i><b></b><u aria-hidden="true">✓</u></div><div></div><small></small>';
      group.append(element);
    }
    return { ...card, element, radio: element.children[0], body: element.children[1], note: element.children[2] };
  });
  while (group.children.length > cards.length) group.lastElementChild.remove();

  const check = (chosen) => {
    const reachable = chosen ?? cards.find((card) => !card.locked) ?? cards[0];
    for (const card of cards) {
      card.radio.setAttribute('aria-checked', String(card === chosen));
      card.radio.tabIndex = card === reachable ? 0 : -1;
      card.element.className = 'radio-card' + (card === chosen ? ' chosen' : '') + (card.locked ? ' locked' : '');
    }
  };
  const choose = (card) => {
    card.radio.focus();
    spoken.textContent = ''; // so that the same reason is spoken again
    if (card.locked) setTimeout(() => { spoken.textContent = card.locked; }, 50);
    if (card.locked || card.radio.getAttribute('aria-checked') === 'true') return;
    check(card);
    group.pending = { name: card.name, turn: Date.now(), until: Date.now() + 5000 };
    setTriggerValue('chosen', { name: card.name, turn: group.pending.turn });
  };

  for (const card of cards) {
    const { radio, body, note } = card;
    const [icon, label] = radio.children;
    if (icon.textContent !== card.icon) icon.textContent = card.icon;
    if (label.textContent !== card.label) label.textContent = card.label;
    if (body.shown !== card.html) {
      const opened = [...body.querySelectorAll('details')].map((details) => details.open);
      body.innerHTML = body.shown = card.html;
      body.querySelectorAll('details').forEach((details, at) => { details.open = opened[at] ?? details.open; });
    }
    note.textContent = card.locked ?? '';
    note.id = `${data.id}-${card.name}-locked`;
    radio.dataset.name = card.name;
    radio.setAttribute('aria-disabled', String(Boolean(card.locked)));
    if (card.locked) radio.setAttribute('aria-describedby', note.id);
    else radio.removeAttribute('aria-describedby');
    card.element.onclick = (event) => {
      if (!event.target.closest('summary, a, button, .tip')) choose(card);
    };
    radio.onkeydown = (event) => {
      const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (steps) choose(cards[(cards.indexOf(card) + steps + cards.length) % cards.length]);
      else if (event.key === ' ' || event.key === 'Enter') choose(card);
      else return;
      event.preventDefault();
    };
  }
  const shown = group.pending ? group.pending.name : data.chosen;
  check(cards.find((card) => card.name === shown));
}
