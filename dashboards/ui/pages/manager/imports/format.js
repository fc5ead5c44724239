/** What a price list looks like, with examples to begin from. */
import { html } from '../../../core/html.js';
import { t } from '../../../core/i18n.js';
import { download } from '../../../core/download.js';
import { Card } from '../../../parts/bits.js';
import { Icon } from '../../../parts/icon.js';
import words from '../../../words/books.js';

const COLUMNS = [
  { names: 'gtin', word: words.colGtin, needed: true },
  { names: 'price_minor', word: words.colPrice, needed: true },
  { names: 'name_zh, name_en', word: words.colName },
  { names: 'category', word: words.colCategory },
  { names: 'unit', word: words.colUnit },
  { names: 'member_minor', word: words.colMember },
  { names: 'content_milli', word: words.colContent },
  { names: 'measure', word: words.colMeasure },
  { names: 'currency', word: words.colCurrency },
];

/** Made-up goods; the barcodes are valid. */
const EXAMPLE = [
  { gtin: '06901234000016', price_minor: 1290, name: { zh: '鲜牛奶 1L', en: 'Fresh milk 1 L' }, category: 'dairy', unit: 'bottle', member_minor: 1190, content_milli: 1000, measure: 'L' },
  { gtin: '06901234000023', price_minor: 690, name: { zh: '香蕉 1kg', en: 'Bananas 1 kg' }, category: 'fruit', unit: 'bag', content_milli: 1000, measure: 'kg' },
];
const CELLS = ['gtin', 'price_minor', 'name_zh', 'name_en', 'category', 'unit', 'member_minor', 'content_milli', 'measure'];

const cell = (row, name) => (name.startsWith('name_') ? row.name[name.slice(5)] : row[name]) ?? '';
const csv = () => [CELLS, ...EXAMPLE.map((row) => CELLS.map((name) => cell(row, name)))].map((cells) => cells.join(',')).join('\r\n');
const RULES = [words.ruleWhole, words.ruleTwice, words.ruleAbsurd, words.ruleUndo];

export const Format = () => html`
  <${Card} title=${t(words.format)}>
    <p>${t(words.formatNote)}</p>
    <div class="buttons">
      <button class="button" onClick=${() => download('prices.csv', csv())}><${Icon} name="download" size=${18} /> ${t(words.exampleCsv)}</button>
      <button class="button" onClick=${() => download('prices.json', JSON.stringify(EXAMPLE, null, 2), 'application/json')}><${Icon} name="download" size=${18} /> ${t(words.exampleJson)}</button>
    </div>
    <table class="table format-table" data-size="small">
      <thead><tr><th scope="col">${t(words.column)}</th><th scope="col">${t(words.meaning)}</th></tr></thead>
      <tbody>${COLUMNS.map(({ names, word, needed }) => html`<tr key=${names}><th scope="row"><code>${names}</code>${needed && html`<small>${t(words.needed)}</small>`}</th><td>${t(word)}</td></tr>`)}</tbody>
    </table>
    <h3>${t(words.rules)}</h3>
    <ul class="plain-list">${RULES.map((word) => html`<li key=${word.en}>${t(word)}</li>`)}</ul>
  <//>`;
