// Numbers as people read them: three significant digits, a unit, and widths that do not jump.

import { t } from './i18n.js';

const units = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];

/** 1234567 -> "1.23 M". */
export function scaled(value) {
  if (!(value > 0)) return '0';
  if (value < 1e-3) return value.toExponential(2);
  if (value < 1) return `${Number(value.toPrecision(3))}`;
  let step = 0;
  while (value >= 999.5 && step < units.length - 1) { value /= 1000; step += 1; }
  return `${value.toPrecision(3)} ${units[step]}`.trimEnd();
}

export function hashes(value) {
  const text = scaled(value);
  return /[a-zA-Z]$/.test(text) ? `${text}H/s` : `${text} H/s`;
}

/** Whole numbers in groups of three, told apart by narrow spaces in every language. */
export const count = (value) => String(Math.trunc(value)).replace(/\B(?=(\d{3})+$)/g, '\u202f');

/** 0.123 -> "12.3 %". */
export const percent = (part) => `${part >= 1 ? Math.round(part * 100) : Number((part * 100).toPrecision(3))} %`;

/** 0.98765 -> "98.77 %": where the difference to a whole is what matters. */
export const finePercent = (part) => `${(100 * part).toFixed(2)}\u00a0%`;

/** -0.0312 -> "−3.1 %". */
export const signedPercent = (part) => `${part < 0 ? '\u2212' : '+'}${Math.abs(part * 100).toFixed(1)} %`;

/** Exact: satoshis are never rounded. */
export const sats = (value) => `${count(value)} sat`;

/** "in 5 min", the same way. */
export function inTime(seconds, now = Date.now()) {
  const left = Math.max(0, Math.round(seconds - now / 1000));
  if (left < 3600) return t('in.minutes', { n: Math.ceil(left / 60) });
  if (left < 172800) return t('in.hours', { n: Math.round(left / 3600) });
  return t('in.days', { n: Math.round(left / 86400) });
}

/** 640 -> "640 ms", 4200 -> "4.2 s". */
export const delay = (ms) => (ms < 1000 ? t('ms', { n: Math.round(ms) }) : t('s', { n: ms < 100000 ? (ms / 1000).toFixed(1) : count(ms / 1000) }));

/** "5 min ago", in the language of the page: browsers do not know the words of every one. */
export function ago(seconds, now = Date.now()) {
  const gone = Math.max(0, Math.round(now / 1000 - seconds));
  if (gone < 60) return t('ago.seconds', { n: gone });
  if (gone < 3600) return t('ago.minutes', { n: Math.floor(gone / 60) });
  if (gone < 86400) return t('ago.hours', { n: Math.floor(gone / 3600) });
  return t('ago.days', { n: Math.floor(gone / 86400) });
}
