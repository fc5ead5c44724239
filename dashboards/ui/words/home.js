/** Words of the home page. */
export default {
  claim: { zh: '店里的每一台设备，一处看清，一处管好', en: 'Every device in the store, seen and steered from one place' },
  claimNote: { zh: '智能购物车、电子价签、促销音箱和导购屏，在断网时也照常工作。', en: 'Smart carts, shelf labels, promo speakers and wayfinding screens that keep working when the network does not.' },
  pages: { zh: '页面', en: 'Pages' },
  managerNote: { zh: '门店地图、改价与确认、价签、声音、优惠', en: 'Live map, prices and who confirmed, labels, sound, offers' },
  floorNote: { zh: '今天要做的事：补货、归位、查看日期', en: 'What to do now: refill, put in place, look at dates' },
  techNote: { zh: '登记新设备、检查与维护', en: 'Enrol new devices, check and mend' },
  hqNote: { zh: '全部设备的健康、安全事件、死信', en: 'Fleet health, security events, dead letters' },
  yours: { zh: '您的页面', en: 'Your page' },
  edge: { zh: '购物车和导购屏的页面', en: 'Cart and screen pages' },
  edgeNote: { zh: '它们由设备自己提供，断网时也能打开。演示启动时会打印每台设备的地址。', en: 'Each is served by its own device, so that it opens without the cloud. The demo prints each address when it starts.' },
  noPage: { zh: '此账号没有后台页面。顾客的页面在购物车和导购屏上。', en: 'This account has no page here. Shoppers’ pages are on the carts and screens.' },
  welcome: { zh: '您好，{name}', en: 'Hello, {name}' },
  demo: { zh: '演示', en: 'Demo' },
  version: { zh: '版本 {version}', en: 'Version {version}' },
};
