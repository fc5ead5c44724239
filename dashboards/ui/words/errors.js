/** Sentences for what can go wrong; `byCode` says the API's codes in both languages. */
export default {
  server: {
    zh: '服务器出错（{status}）。您的数据没有改变，请稍后再试。',
    en: 'The server had a problem ({status}). Nothing was changed; try again in a moment.',
  },
  refused: { zh: '服务器没有接受这个请求（{status}）。', en: 'The server did not accept this ({status}).' },
  page: { zh: '页面出错：{detail}。请刷新页面。', en: 'This page had a problem: {detail}. Reload it.' },
};

const role = { zh: '此账号没有权限，请换一个账号登录。', en: 'This account may not do that. Sign in with another one.' };
const signedOut = { zh: '请先登录。', en: 'Sign in first.' };
const pass = { zh: '请从您的任务列表打开此页：它会带来这家门店的通行证。', en: 'Open this page from your task list: it brings the pass for this store.' };
const stale = { zh: '页面已过期，请刷新后再试。', en: 'This page is out of date. Reload it and try again.' };

/** `{message}` is the server's own sentence, where only it knows the particulars. */
export const byCode = {
  'no-answer': { zh: '无法连接服务器。请检查网络，连接恢复后会自动更新。', en: 'The server cannot be reached. Check the network; this page catches up by itself.' },
  timeout: { zh: '服务器太久没有回应，请再试一次。', en: 'The server took too long to answer. Try again.' },
  'signed-out': signedOut,
  'http-401': signedOut,
  wrong: { zh: '账号名或密码不正确，请检查后再试。', en: 'Name or password is wrong. Check both and try again.' },
  role,
  store: { zh: '此账号没有这家门店的权限。', en: 'This account has no rights in that store.' },
  'http-403': role,
  'no-header': stale,
  csrf: stale,
  origin: stale,
  unknown: { zh: '找不到内容，可能已被删除。（{message}）', en: 'Not found; it may have been removed. ({message})' },
  'http-404': { zh: '找不到内容，可能已被删除。', en: 'Not found. It may have been removed.' },
  same: { zh: '与现价相同，无需修改。', en: 'That is the price already.' },
  suspicious: { zh: '变化很大，请核对后确认。', en: 'A large change: check it and confirm.' },
  'unlawful-was': { zh: '划线价必须高于新价，且不得高于法定参考价（促销前若干天内的最低价）。', en: 'A struck-out price must be above the new price and at most the lawful reference: the lowest price of the days before.' },
  'too-far': { zh: '最多提前一年。', en: 'At most a year ahead.' },
  empty: { zh: '结束时间必须晚于开始时间，且在一年之内。', en: 'The end must come after the start and within a year.' },
  'too-many': { zh: '一次不能改这么多商品：请选择小一些的品类，或使用导入。', en: 'Too many products for one change: take a smaller category, or an import.' },
  twice: { zh: '同一个商品出现了两次。', en: 'A product is named twice.' },
  known: { zh: '这个文件已经提交过，请重新选择文件。', en: 'This list was sent already. Choose the file again.' },
  unreadable: { zh: '无法读取这个文件：{message}', en: 'This file cannot be read: {message}' },
  promotion: { zh: '促销无法保存：{message}', en: 'The promotion cannot be saved: {message}' },
  invalid: { zh: '填写的内容不正确：{message}', en: 'Something is not filled in right: {message}' },
  'too-large': { zh: '文件太大，请换一个较小的文件。', en: 'The file is too large. Choose a smaller one.' },
  'http-413': { zh: '文件太大，请换一个较小的文件。', en: 'The file is too large. Choose a smaller one.' },
  unplayable: { zh: '这个文件无法播放，请换一个 WAV、FLAC、MP3 或 OGG 文件。（{message}）', en: 'This file cannot be played; choose a WAV, FLAC, MP3 or OGG file. ({message})' },
  schedule: { zh: '无法这样安排：{message}', en: 'It cannot be scheduled like this: {message}' },
  command: { zh: '设备不接受这个命令：{message}', en: 'The device does not take this command: {message}' },
  unproved: { zh: '价签还没有证实任何画面。', en: 'This label has not proved a picture yet.' },
  unrenderable: { zh: '无法画出这个价签的画面。（{message}）', en: 'The picture of this label cannot be drawn. ({message})' },
  differs: { zh: '价签证实的画面与我们画出的不同，请到货架前查看。', en: 'The label proved another picture than we would draw. Look at the shelf.' },
  'no-trip': { zh: '还没有开始购物，请先开始。', en: 'No trip has begun. Start one first.' },
  full: { zh: '购物车正在等待联网，请稍后再试。', en: 'The cart is waiting for its connection. Try again in a moment.' },
  refused: { zh: '无法做到：{message}', en: 'That cannot be done: {message}' },
  'no-pass': pass,
  'old-pass': { zh: '通行证已过期，请从任务列表重新打开此页。', en: 'The pass has expired. Open this page from your task list again.' },
  'bad-pass': pass,
  'other-store': { zh: '这张通行证是另一家门店的，请从那家门店的任务列表打开。', en: 'This pass is for another store. Open the page from its task list.' },
  'no-photo': { zh: '这不是可以读取的照片，请再拍一张。', en: 'This is no photo that can be read. Take it again.' },
  'not-this-shelf': { zh: '照片里没有找到这组货架：请正对货架拍下整组，并确认选对了货架。', en: 'This bay is not to be seen in the photo. Take the whole of it from the front, and check that it is the right bay.' },
  'no-bay': { zh: '门店没有这组货架，请店长先上传陈列图。', en: 'This store has no such bay. The manager adds it with its planogram.' },
  'no-picture': { zh: '缺少商品图片：{message}', en: 'A picture of a product is missing: {message}' },
  'no-product': { zh: '这种商品不在这组货架的陈列图里。', en: 'That product is not in this bay’s planogram.' },
  busy: { zh: '正在比对其他照片，请几秒后再试。', en: 'Other photos are being compared. Try again in a few seconds.' },
  bay: { zh: '无法保存这组货架：{message}', en: 'The bay cannot be saved: {message}' },
  unreachable: { zh: '虚拟世界没有回应，请稍后再试。', en: 'The virtual world does not answer. Try again in a moment.' },
};
