/** Why a price or a book was made: what a person wrote stays as it is, what the server wrote is said in the reader's language. */
import { t } from '../core/i18n.js';
import { reasons } from '../words/prices.js';

const KNOWN = [
  [/^undo of change (\d+)$/, reasons.undo],
  [/^undo of (\d+) planned prices$/, reasons.undoPlanned],
  [/^back to book (\d+)$/, reasons.back],
  [/^import of (.+)$/, reasons.imported],
  [/^products of promotion (.+)$/, reasons.promotion],
  [/^the store was opened$/, reasons.opened],
  [/^feed$/, reasons.feed],
  [/^(?:the )?first book.*$/, reasons.first],
];

export function reasonText(reason) {
  for (const [pattern, word] of KNOWN) {
    const found = pattern.exec(reason);
    if (found) return t(word, { value: found[1] });
  }
  return reason;
}
