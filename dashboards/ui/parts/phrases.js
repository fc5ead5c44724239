/** A headline that breaks between phrases: Chinese may otherwise break within a word. */
import { html } from '../core/html.js';

export const Phrases = ({ text }) => text.split(/(?<=[，。！？；：、])/).map((phrase) => html`<span class="phrase" key=${phrase}>${phrase}</span>`);
