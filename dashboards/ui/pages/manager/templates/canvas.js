/** The label as it will look, with a frame round each element that can be moved and sized by mouse or finger. */
import { html, useRef } from '../../../core/html.js';
import { movedBox } from './elements.js';

const share = (part, whole) => `${(100 * part) / whole}%`;

/** The smaller an element, the nearer: none lies hidden under a larger one. */
const depthOf = (template, place) => template.elements.filter((one) => one.box[2] * one.box[3] > template.elements[place].box[2] * template.elements[place].box[3]).length + 1;

/** Pixels of the panel for each pixel of the screen. */
const scaleOf = (target, template) => template.width_px / target.closest('.te-panel').getBoundingClientRect().width;

/** @param {{template: object, place: number, isChosen: boolean, isWrong: boolean, onChoose: () => void, onBox: (box: number[], isFirst: boolean) => void}} props */
const Frame = ({ template, place, isChosen, isWrong, onChoose, onBox }) => {
  const element = template.elements[place];
  const grip = useRef(null);
  const [x, y, width, height] = element.box;

  const onPointerDown = (event) => {
    if (event.button !== 0) return;
    onChoose();
    event.currentTarget.setPointerCapture(event.pointerId);
    const isSize = Boolean(event.target.closest('.te-grip'));
    grip.current = { x: event.clientX, y: event.clientY, box: element.box, scale: scaleOf(event.currentTarget, template), isSize, moved: false };
  };
  const boxAt = (event) => {
    const { x: fromX, y: fromY, box, scale, isSize } = grip.current;
    const [right, down] = [Math.round((event.clientX - fromX) * scale), Math.round((event.clientY - fromY) * scale)];
    return movedBox(box, isSize ? { dw: right, dh: down } : { dx: right, dy: down }, template);
  };
  const onPointerMove = (event) => {
    if (!grip.current) return;
    const box = boxAt(event);
    if (String(box) === String(element.box)) return;
    onBox(box, !grip.current.moved);
    grip.current.moved = true;
  };
  const onPointerUp = () => {
    grip.current = null;
  };
  return html`
    <div class="te-frame" data-place=${place} data-chosen=${isChosen} data-wrong=${isWrong}
      style=${{ left: share(x, template.width_px), top: share(y, template.height_px), width: share(width, template.width_px), height: share(height, template.height_px), zIndex: isChosen ? 100 : depthOf(template, place) }}
      onPointerDown=${onPointerDown} onPointerMove=${onPointerMove} onPointerUp=${onPointerUp} onPointerCancel=${onPointerUp}>
      ${isChosen && html`<span class="te-grip"></span>`}
    </div>`;
};

/** @param {{template: object, picture: string|null, alt: string, isStale: boolean, chosen: number|null, wrong: number|null, onChoose: (place: number|null) => void, onBox: Function}} props */
export const Canvas = ({ template, picture, alt, isStale, chosen, wrong, onChoose, onBox }) => html`
  <div class="te-canvas">
    <div class="te-panel" data-stale=${isStale} style=${{ aspectRatio: `${template.width_px} / ${template.height_px}` }}>
      ${picture && html`<img src=${picture} alt=${alt} draggable=${false} />`}
      <div class="te-frames" aria-hidden="true">
        ${template.elements.map((_one, place) => html`
          <${Frame} key=${place} template=${template} place=${place} isChosen=${chosen === place} isWrong=${wrong === place}
            onChoose=${() => onChoose(place)} onBox=${(box, isFirst) => onBox(place, box, isFirst)} />`)}
      </div>
    </div>
  </div>`;
