/**
 * Initials of Chinese names (牛奶 → "nn"), so that a kiosk's letters find them. The browser's own pinyin order
 * says between which two boundary characters a character falls: no dictionary to ship.
 */
const LETTERS = 'abcdefghjklmnopqrstwxyz';
/** The first common character of each letter in pinyin order. */
const FIRST = '阿八嚓哒妸发旮哈讥咔垃痳拏噢妑七呥扨它穵夕丫帀';
const order = new Intl.Collator('zh-CN-u-co-pinyin');
const isHan = (letter) => /\p{Script=Han}/u.test(letter);

function initial(character) {
  let found = -1;
  for (const [index, first] of [...FIRST].entries()) {
    if (order.compare(first, character) > 0) break;
    found = index;
  }
  return LETTERS[found] ?? '';
}

/** "鲜牛奶 1L" → "xnn1l" */
export const initials = (name) => [...name].map((character) => (isHan(character) ? initial(character) : character.toLowerCase())).join('').replace(/[^a-z0-9]/g, '');

/** Whether a product's names match what was typed, by text, barcode or pinyin initials. */
export function matchesTyped(product, typed) {
  const query = typed.trim().toLowerCase();
  if (!query) return true;
  const { zh = '', en = '' } = product.name;
  return [zh, en, product.gtin].some((text) => text.toLowerCase().includes(query)) || initials(zh).includes(query.replaceAll(' ', ''));
}
