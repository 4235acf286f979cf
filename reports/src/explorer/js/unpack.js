// Reads the columns that the page carries. Their format is described in reports/src/pack/mod.rs.

// The bytes of a pack. Fails with a sentence for the reader.
async function inflate(text) {
  if (typeof DecompressionStream === "undefined") {
    throw new Error("this browser can't decompress them (it lacks DecompressionStream)");
  }
  const stream = new Blob([fromBase64(text.trim())]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function fromBase64(text) {
  if (Uint8Array.fromBase64 !== undefined) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

// A reader of the content. Numbers are exact up to 2^53, which in nanoseconds are 104 days.
class Columns {
  constructor(bytes, opening) {
    this.bytes = bytes;
    this.at = opening.length;
    this.utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
    const found = this.utf8.decode(bytes.subarray(0, opening.length));
    if (found !== opening) throw new Error(`they do not begin with "${opening.trim()}"`);
  }

  number() {
    return this.column(1, Float64Array)[0];
  }

  // A number for each row, as an array of the given type.
  column(rows, Type) {
    const out = new Type(rows);
    const bytes = this.bytes;
    let at = this.at;
    for (let row = 0; row < rows; row++) {
      let byte = bytes[at++];
      let value = byte & 127;
      for (let scale = 128; byte > 127; scale *= 128) {
        byte = bytes[at++];
        value += (byte & 127) * scale;
      }
      out[row] = value;
    }
    if (at > bytes.length) throw new Error("they end in the middle");
    this.at = at;
    return out;
  }

  rising(rows) {
    const out = this.column(rows, Float64Array);
    for (let row = 1; row < rows; row++) out[row] += out[row - 1];
    return out;
  }

  text() {
    const length = this.number();
    const text = this.utf8.decode(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return text;
  }

  texts() {
    return Array.from({ length: this.number() }, () => this.text());
  }
}

function readSeries(bytes) {
  const columns = new Columns(bytes, "bitcraps series 1\n");
  let rows = columns.number();
  const commits = {
    rows,
    at: columns.rising(rows),
    node: columns.column(rows, Uint16Array),
    height: columns.column(rows, Float64Array),
    round: columns.column(rows, Uint32Array),
    latency: columns.column(rows, Float64Array),
  };
  rows = columns.number();
  const commands = { rows, at: columns.rising(rows), latency: columns.column(rows, Float64Array) };
  return { commits, commands, events: readEvents(columns) };
}

function readEvents(columns) {
  const rows = columns.number();
  const texts = columns.texts();
  const at = columns.rising(rows);
  const node = columns.column(rows, Uint16Array);
  const kind = columns.column(rows, Uint32Array);
  const label = columns.column(rows, Uint32Array);
  return Array.from(at, (when, row) => {
    return { at: when, node: node[row], kind: texts[kind[row]], label: texts[label[row]] };
  });
}

// The stretches, each with its messages as columns. `received` is NaN of a lost message, `fault` 0 of an untouched
// one and otherwise a place in `texts` plus one.
function readFilm(bytes) {
  const columns = new Columns(bytes, "bitcraps film 1\n");
  return Array.from({ length: columns.number() }, () => {
    const title = columns.text();
    const from = columns.number();
    const to = from + columns.number();
    const leftOut = columns.number();
    const rows = columns.number();
    const texts = columns.texts();
    const sent = columns.rising(rows);
    const sender = columns.column(rows, Uint16Array);
    const receiver = columns.column(rows, Uint16Array);
    const lost = columns.column(rows, Uint8Array);
    const received = columns.column(rows, Float64Array);
    for (let row = 0; row < rows; row++) received[row] = lost[row] ? NaN : received[row] + sent[row];
    const [kind, label, fault] = [0, 1, 2].map(() => columns.column(rows, Uint32Array));
    const messages = { rows, texts, sent, received, from: sender, to: receiver, kind, label, fault };
    return { title, from, to, leftOut, messages, events: readEvents(columns) };
  });
}
