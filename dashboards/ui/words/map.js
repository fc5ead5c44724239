/** Words of the store map. */
export default {
  flash: { zh: '闪灯', en: 'Flash' },
  flashOne: { zh: '让 {name} 闪灯', en: 'Flash {name}' },
  flashing: { zh: '{name} 将闪灯 20 秒', en: '{name} will flash for 20 s' },
  map: { zh: '门店地图', en: 'Store map' },
  how: { zh: '拖动平移，滚轮或双指缩放；方向键平移，+ 和 − 缩放，0 显示全图', en: 'Drag to move, wheel or two fingers to zoom; arrow keys move, + and − zoom, 0 shows all' },
  zoomIn: { zh: '放大', en: 'Zoom in' },
  zoomOut: { zh: '缩小', en: 'Zoom out' },
  fit: { zh: '显示全图', en: 'Show all' },
  legend: { zh: '图例', en: 'Legend' },
  beacons: { zh: '信标', en: 'Beacons' },
  labels: { zh: '价签', en: 'Labels' },
  zones: { zh: '区域', en: 'Zones' },
  carts: { zh: '购物车', en: 'Carts' },
  here: { zh: '您在这里', en: 'You are here' },
  sure: { zh: '位置误差约 {size}', en: 'within about {size}' },
  entrance: { zh: '入口', en: 'Entrance' },
  noMap: { zh: '还没有地图', en: 'No map yet' },
  noMapNote: { zh: '收到门店平面图后会显示在这里。', en: 'It appears here as soon as the store plan arrives.' },
};

/** Label states, as a shop would say them. */
export const labelStates = {
  unknown: { zh: '未知', en: 'Unknown' },
  pending: { zh: '待更新', en: 'Pending' },
  armed: { zh: '待切换', en: 'Armed' },
  shown: { zh: '已显示', en: 'Shown' },
  service: { zh: '需要维护', en: 'Needs service' },
  failed: { zh: '失败', en: 'Failed' },
};
