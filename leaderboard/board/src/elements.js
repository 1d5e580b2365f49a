// Elements made by name. Texts become text nodes: no string is ever parsed as HTML.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** A name of a stranger: its own direction of writing, whatever stands beside it. */
export function nameElement(text) {
  return element("bdi", {}, text);
}
