// Which averages a chart shows over which range, and what of the API they are made of.

export const minute = 60;
export const hour = 3600;
export const day = 24 * hour;
export const week = 7 * day;

// Of each range: what is read, and the averages that are made of it. More is read than is shown, so that an average is
// one from the first point on. Workers are kept by ten minutes at the finest, the others by a minute for a day.
const daily = (fine, overs) => [{ range: '24h', step: fine, overs }, { range: '7d', step: '1h', overs: [day] }];
const monthly = { range: '30d', step: '1h', overs: [hour, day] };
const yearly = [{ range: '2y', step: '1d', overs: [day, week] }];
const plans = { '48h': [{ range: '48h', step: '10m', overs: [10 * minute, hour] }, { range: '7d', step: '1h', overs: [day] }], '7d': [monthly], '30d': [monthly], '1y': yearly, '2y': yearly };

/** readings of the API for a range: {range, step, overs}; ofWorker: whether it is one worker's. */
export function readingsFor(range, ofWorker) {
  return plans[range] ?? (ofWorker ? daily('10m', [10 * minute, hour]) : daily('1m', [minute, 5 * minute, hour]));
}

/** Seconds of a range. */
export const lengthOf = (range) => parseInt(range, 10) * { h: hour, d: day, y: 365 * day }[range.at(-1)];

/** The average of the last `span` rates at each; of fewer where there are no more. */
export function averages(rates, span) {
  if (span === 1) return rates;
  let sum = 0;
  return rates.map((rate, index) => {
    sum += rate - (index >= span ? rates[index - span] : 0);
    return Math.max(0, sum / Math.min(index + 1, span)); // never below zero by what floating point leaves
  });
}

/**
 * The lines that a reading gives, from a moment on: {over, step, points: [{at, rate}]}, at: where the average ends.
 * One point before that moment is among them, so that lines of long steps begin at the edge.
 */
export function linesOf({ step_s: step, points }, overs, from, now) {
  // Of the minute under way little is known; it is left out unless it is the first with anything.
  const told = step === minute && points.at(-2)?.hashrate > 0 ? points.slice(0, -1) : points;
  return overs.map((over) => {
    const rates = averages(told.map((point) => point.hashrate), Math.max(1, Math.round(over / step)));
    const all = told.map(({ at }, index) => ({ at: Math.min(at + step, now), rate: rates[index] }));
    return { over, step, points: all.filter(({ at }, index) => at >= from || all[index + 1]?.at >= from) };
  });
}
