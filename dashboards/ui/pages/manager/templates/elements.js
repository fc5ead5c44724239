/** Templates as the editor changes them: pure rules, each giving a new template. */

export const INKS = {
  bw: ['black', 'white'], bwr: ['black', 'white', 'red'], bwy: ['black', 'white', 'yellow'],
  bwry: ['black', 'white', 'red', 'yellow'], seven: ['black', 'white', 'red', 'yellow', 'green', 'blue', 'orange'],
};

/** What may be added; the price and the barcode are there already, and once. */
export const ADDED = ['text', 'box', 'line', 'qr'];

const LEAST_PX = 1;

/** A new element of a kind, in the middle of the panel. */
export function newElement(kind, { width_px, height_px }) {
  const at = (width, height) => [Math.round((width_px - width) / 2), Math.round((height_px - height) / 2), width, height];
  return {
    text: () => ({ kind, box: at(100, 24), texts: ['{unit}'], tries: [[{ max_px: 18, min_px: 10, lines: 1 }]] }),
    box: () => ({ kind, box: at(60, 30) }),
    line: () => ({ kind, box: at(100, 2) }),
    qr: () => ({ kind, box: at(74, 74), text: '{digits}', min_module_px: 2 }),
  }[kind]();
}

/** A template with one of its elements changed. */
export const withElement = (template, place, change) => ({
  ...template, elements: template.elements.map((one, at) => (at === place ? { ...one, ...change } : one)),
});

/** A template with a key of an element taken out, where null stands for nothing said. */
export const without = (template, place, key) => ({
  ...template, elements: template.elements.map((one, at) => {
    if (at !== place) return one;
    const { [key]: _gone, ...rest } = one;
    return rest;
  }),
});

export const withoutElement = (template, place) => ({ ...template, elements: template.elements.filter((_one, at) => at !== place) });

/** A template with an element drawn before or after its neighbour. */
export function reordered(template, place, by) {
  const to = place + by;
  if (to < 0 || to >= template.elements.length) return template;
  const elements = [...template.elements];
  [elements[place], elements[to]] = [elements[to], elements[place]];
  return { ...template, elements };
}

const between = (value, least, most) => Math.max(least, Math.min(most, value));

/** A box moved by (dx, dy) and grown by (dw, dh), never off the panel. */
export function movedBox([x, y, width, height], { dx = 0, dy = 0, dw = 0, dh = 0 }, { width_px, height_px }) {
  const [w, h] = [between(width + dw, LEAST_PX, width_px - x), between(height + dh, LEAST_PX, height_px - y)];
  return [between(x + dx, 0, width_px - w), between(y + dy, 0, height_px - h), w, h];
}

/** A text element with other texts: each has sizes of its own. */
export function withTexts(element, texts) {
  const tries = element.tries.map((sizes) => texts.map((_text, at) => sizes[at] ?? sizes[sizes.length - 1]));
  return { texts, tries };
}

/** The ids of the texts that an element at this place may stand under. */
export const idsBefore = (template, place) => template.elements.slice(0, place).map((one) => one.id).filter(Boolean);

/** What an element is told apart by in lists: what it says, or where it lies. */
export const saysOf = ({ texts, text, box: [x, y, width, height] }) => texts?.join(' · ') ?? text ?? `${x}, ${y} · ${width}×${height}`;

/** The place of the element that an error names, as `elements.3.price.max_px`; null for none. */
export function placeOf(field = '') {
  const found = /^elements\.(\d+)/.exec(field);
  return found ? Number(found[1]) : null;
}
