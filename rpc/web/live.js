// The stream of events of a page: figures that come by themselves between two readings.

const patienceMs = 5000;

async function hearAll(path, token, signal, hear) {
  const headers = token === '' ? {} : { Authorization: `Bearer ${token}` }; // which an EventSource cannot send
  const answer = await fetch(path, { headers, signal });
  if (!answer.ok) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (text + value).split('\n\n');
    text = events.pop();
    for (const event of events) {
      const found = /^event: (\w+)\ndata: (.*)$/.exec(event);
      if (found) hear(found[1], JSON.parse(found[2]));
    }
  }
}

/** Hears a stream until it is called what this returns; one that ends is asked for again. hear(name, data). */
export function listen(path, token, hear) {
  const stop = new AbortController();
  const again = async () => {
    try {
      await hearAll(path, token, stop.signal, hear);
    } catch {
      // What is wrong the readings of the page tell.
    }
    if (!stop.signal.aborted) setTimeout(again, patienceMs);
  };
  again();
  return () => stop.abort();
}
