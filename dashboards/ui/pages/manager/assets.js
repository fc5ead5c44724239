/** The sounds of a store: listen, schedule. */
import { html, useState, useRef, useEffect } from '../../core/html.js';
import { t } from '../../core/i18n.js';
import { path } from '../../core/api.js';
import { bytes, number, span } from '../../core/format.js';
import { Card } from '../../parts/bits.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Icon } from '../../parts/icon.js';
import { complain } from '../../parts/toast.js';
import words from '../../words/manager.js';

const Asset = ({ asset, isPlaying, onToggle, onSchedule }) => html`
  <li class="row">
    <button class="round-button" aria-pressed=${isPlaying} aria-label=${isPlaying ? t(words.stopPreview) : t(words.preview, { title: asset.title })} onClick=${onToggle}>
      <${Icon} name=${isPlaying ? 'stop' : 'play'} /></button>
    <span class="row-text"><b>${asset.title}</b><small>${span(asset.duration_s * 1000)} · ${number(asset.rate_hz / 1000, 1)} kHz · ${bytes(asset.bytes)}</small></span>
    <button class="button" onClick=${onSchedule}><${Icon} name="calendar" size=${18} /> ${t(words.schedule)}</button>
  </li>`;

export function Assets({ load, onSchedule }) {
  const [playing, setPlaying] = useState(null);
  const player = useRef(null);

  useEffect(() => {
    player.current = new Audio();
    player.current.onended = () => setPlaying(null);
    return () => player.current.pause();
  }, []);

  const toggle = (asset) => {
    player.current.pause();
    if (playing === asset.id) {
      setPlaying(null);
      return;
    }
    player.current.src = path(['api', 'assets', asset.sha256, 'audio']);
    setPlaying(asset.id);
    player.current.play().catch((error) => {
      // Pressing stop before the sound has come aborts the play: that is no failure.
      if (error.name === 'AbortError') return;
      setPlaying(null);
      complain(error);
    });
  };

  return html`
    <${Card} title=${t(words.assets)} flush>
      <${Loaded} load=${load} empty=${html`<${Empty} icon="sound" title=${t(words.noAssets)} note=${t(words.noAssetsNote)} />`}>
        ${(assets) => html`<ul class="rows">${assets.map((asset) => html`
          <${Asset} key=${asset.id} asset=${asset} isPlaying=${playing === asset.id} onToggle=${() => toggle(asset)} onSchedule=${() => onSchedule(asset)} />`)}</ul>`}
      <//>
    <//>`;
}
