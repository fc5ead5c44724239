/** Saving a text that the page made itself as a file. */
export function download(name, text, type = 'text/csv') {
  // A spreadsheet knows UTF-8 by the mark in front; JSON must not have it.
  const blob = new Blob(type === 'text/csv' ? ['\ufeff', text] : [text], { type: `${type};charset=utf-8` });
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
