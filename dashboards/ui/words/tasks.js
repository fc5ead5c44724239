/** Words of what people must do. */
export default {
  title: { zh: '待办', en: 'To do' },
  none: { zh: '没有待办', en: 'Nothing to do' },
  noneNote: { zh: '价签出问题时，这里会出现一项任务；价签证实画面后自动完成。', en: 'When a label is in trouble, a task appears here; it closes by itself once the label proves its picture.' },
  open: { zh: '{span}前出现', en: 'open for {span}' },
  due: { zh: '{time} 前完成', en: 'due by {time}' },
  overdue: { zh: '已超时', en: 'Overdue' },
  take: { zh: '我来处理', en: 'I see to it' },
  giveBack: { zh: '放回', en: 'Give back' },
  takenBy: { zh: '{name} 正在处理', en: '{name} sees to it' },
  closed: { zh: '{label} 已恢复', en: '{label} is well again' },
  safe: { zh: '在此期间，收款按价签可能显示的最低价。', en: 'Until then the till charges the lowest price that the label may be showing.' },
};

/** What is wrong with a label, by the cause that the gateway names, and what helps. */
export const causes = {
  silent: { zh: '价签没有应答：检查电池，或靠近网关。', en: 'It does not answer: check its battery, or bring it nearer to the gateway.' },
  bonded: { zh: '价签属于另一个网关：在那边解除，或按它的按键重置。', en: 'It belongs to another gateway: release it there, or reset it at its key.' },
  panel: { zh: '画面是给另一种屏幕的：给它换一个合适的模板。', en: 'Its picture is for another panel: give it a template that fits.' },
  battery: { zh: '电池不足以刷新屏幕：更换电池。', en: 'Its battery is too low to draw: replace it.' },
  service: { zh: '价签要求维护，多半是电量低：更换电池。', en: 'It asks for service, most often for a battery: replace it.' },
  refused: { zh: '价签拒绝了命令。', en: 'It refused a command.' },
  late: { zh: '屏幕没有按时刷新：太冷或电量低。', en: 'Its panel was not drawn in time: it may be cold, or its battery low.' },
  differs: { zh: '价签显示的不是应有的画面：去看一眼，会自动重试。', en: 'It shows something else: look at it; it is tried again.' },
  replaced: { zh: '价签已换成另一个硬件。', en: 'It was replaced by other hardware.' },
  undrawable: { zh: '画面无法绘制：改短品名，或换一个模板。', en: 'Its picture cannot be drawn: shorten the name, or use another template.' },
  radio: { zh: '网关没有价签无线电：检查网关。', en: 'The gateway has no label radio: check the gateway.' },
  storage: { zh: '网关的磁盘写不进去：检查网关。', en: 'The gateway cannot write to its disk: check the gateway.' },
};
