// Counts the characters of a text area while they are typed. Streamlit tells Python only at its end.
export default function ({ data, parentElement }) {
  const shown = parentElement.querySelector("span");
  const count = () => {
    const area = document.querySelector(data.place);
    const typed = area ? [...area.value.trim()].filter((c) => !/\p{Cf}/u.test(c)).length : 0;
    const enough = typed >= data.least;
    shown.textContent = enough ? `${typed} characters` : `${typed} of at least ${data.least} characters`;
    shown.className = enough ? "enough" : "";
  };
  const onInput = (event) => event.target.matches?.(data.place) && count();
  document.addEventListener("input", onInput);
  count();
  return () => document.removeEventListener("input", onInput);
}
