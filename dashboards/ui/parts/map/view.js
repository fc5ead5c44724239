/** What part of the store the map shows: pan and zoom by mouse, touch and keyboard. */
import { useState, useEffect, useLayoutEffect, useRef } from '../../core/html.js';

const MOST = 12; // zoom over "everything fits"
const TAP_PX = 8;
const STEP_PX = 60;
const PADDING_PX = 14;
/** Room beneath the store for the map's buttons, so that they hide nothing. */
const FOOT_REM = 3.5;

/** @typedef {{scale: number, x: number, y: number}} View scale in px per metre; x, y: where the store's top left corner is, px */

function fitted(size, site) {
  const foot = FOOT_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const height = size.height - foot - PADDING_PX;
  const scale = Math.max(0.1, Math.min((size.width - 2 * PADDING_PX) / site.width_m, height / site.height_m));
  return { scale, x: (size.width - site.width_m * scale) / 2, y: PADDING_PX + (height - site.height_m * scale) / 2 };
}

/** Zoom by `factor` with the point (px, py) held still. */
function zoomed(view, fit, factor, px, py) {
  const scale = Math.min(Math.max(view.scale * factor, fit.scale), fit.scale * MOST);
  const ratio = scale / view.scale;
  return { scale, x: px - (px - view.x) * ratio, y: py - (py - view.y) * ratio };
}

/** Keep at least a good part of the store in sight. */
function kept(view, size, site) {
  const width = site.width_m * view.scale;
  const height = site.height_m * view.scale;
  const hold = (at, length, room) => Math.min(Math.max(at, Math.min(room / 2 - length, 0)), Math.max(room / 2, room - length));
  return { scale: view.scale, x: hold(view.x, width, size.width), y: hold(view.y, height, size.height) };
}

/**
 * @param {{width_m: number, height_m: number}} site
 * @param {(at: {x_m: number, y_m: number, target: Element}) => void} [onTap]
 */
export function useView(site, onTap) {
  const frame = useRef(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [own, setOwn] = useState(null); // null: everything fits, and follows the frame's size
  const [dragging, setDragging] = useState(false);

  useLayoutEffect(() => {
    const measure = () => setSize({ width: frame.current.clientWidth, height: frame.current.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);

  const fit = fitted(size, site);
  const view = own ?? fit;
  const latest = useRef({});
  latest.current = { view, fit, size, site, onTap };

  const change = (next) => {
    const { fit: all, size: room, site: plan } = latest.current;
    setOwn(next.scale <= all.scale * 1.001 ? null : kept(next, room, plan));
  };
  const zoom = (factor, px = size.width / 2, py = size.height / 2) => change(zoomed(latest.current.view, latest.current.fit, factor, px, py));
  const reset = () => setOwn(null);

  useEffect(() => {
    const element = frame.current;
    const pointers = new Map();
    let moved = false;
    let start = null;

    const at = (event) => {
      const box = element.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    const middle = () => {
      const [one, two] = [...pointers.values()];
      return { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2, gap: Math.hypot(one.x - two.x, one.y - two.y) };
    };

    const onDown = (event) => {
      if (event.target.closest('button, a, input, summary, .map-over')) return;
      pointers.set(event.pointerId, at(event));
      moved = pointers.size > 1;
      start = at(event);
    };
    const onMove = (event) => {
      if (!pointers.has(event.pointerId)) return;
      const before = pointers.get(event.pointerId);
      const point = at(event);
      const { view: old } = latest.current;
      if (pointers.size === 1) {
        if (!moved && Math.hypot(point.x - start.x, point.y - start.y) < TAP_PX) return;
        if (!moved) element.setPointerCapture(event.pointerId);
        moved = true;
        setDragging(true);
        pointers.set(event.pointerId, point);
        change({ ...old, x: old.x + point.x - before.x, y: old.y + point.y - before.y });
        return;
      }
      const was = middle();
      pointers.set(event.pointerId, point);
      const is = middle();
      const grown = zoomed(old, latest.current.fit, is.gap / (was.gap || 1), was.x, was.y);
      change({ ...grown, x: grown.x + is.x - was.x, y: grown.y + is.y - was.y });
    };
    const onUp = (event) => {
      if (!pointers.delete(event.pointerId)) return;
      setDragging(false);
      if (event.type === 'pointerup' && !moved && pointers.size === 0) {
        const { view: shown, site: plan, onTap: tap } = latest.current;
        const point = at(event);
        tap?.({ x_m: (point.x - shown.x) / shown.scale, y_m: plan.height_m - (point.y - shown.y) / shown.scale, target: event.target });
      }
    };
    const onWheel = (event) => {
      event.preventDefault();
      const point = at(event);
      change(zoomed(latest.current.view, latest.current.fit, Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), point.x, point.y));
    };

    element.addEventListener('pointerdown', onDown);
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerup', onUp);
    element.addEventListener('pointercancel', onUp);
    // Not passive: the page must not scroll while the map zooms.
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      element.removeEventListener('pointerdown', onDown);
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerup', onUp);
      element.removeEventListener('pointercancel', onUp);
      element.removeEventListener('wheel', onWheel);
    };
  }, []);

  const onKeyDown = (event) => {
    if (event.target !== frame.current) return;
    const move = (dx, dy) => change({ ...view, x: view.x + dx, y: view.y + dy });
    const keys = {
      ArrowLeft: () => move(STEP_PX, 0),
      ArrowRight: () => move(-STEP_PX, 0),
      ArrowUp: () => move(0, STEP_PX),
      ArrowDown: () => move(0, -STEP_PX),
      '+': () => zoom(1.4),
      '=': () => zoom(1.4),
      '-': () => zoom(1 / 1.4),
      0: reset,
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  };

  return { frame, view, size, zoom, reset, onKeyDown, isOwn: own !== null, dragging, ready: size.width > 0 };
}
