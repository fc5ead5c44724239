/** Words of the basket check on a cart. */
export default {
  check: { zh: '放进来的是“{product}”吗？', en: 'Is it “{product}” that went in?' },
  checkNote: { zh: '重量与扫描的商品不符。', en: 'Its weight is not that of what was scanned.' },
  scan: { zh: '请扫描刚放进来的商品', en: 'Please scan what you have just put in' },
  scanNote: { zh: '购物车变重了，但没有扫描任何商品。', en: 'The cart became heavier, but nothing was scanned.' },
  remove: { zh: '不是，从清单中去掉', en: 'No, take it off the list' },
  right: { zh: '是，没错', en: 'Yes, that is right' },
  nothing: { zh: '没有放东西', en: 'I put nothing in' },
  fault: { zh: '秤需要检查', en: 'The scale needs a look' },
  silent: { zh: '秤没有应答', en: 'The scale does not answer' },
  scaleTitle: { zh: '秤', en: 'The scale' },
  grams: { zh: '{grams} 克', en: '{grams} g' },
  putIn: { zh: '放入扫描的商品', en: 'Put in what was scanned' },
  putOther: { zh: '放入别的东西', en: 'Put in something else' },
  takeOut: { zh: '再拿出来', en: 'Take it out again' },
};
