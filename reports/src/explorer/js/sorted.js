// Sorted columns of numbers: places in them, and the order of one that is not sorted.

// How many of the ascending `values` are below `limit`.
function below(values, limit) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

// How many of the ascending `values` are at most `limit`.
function upTo(values, limit) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The places of the numbers among `values` in ascending order; NaN is left out. A sort by comparison of a million
// places takes a second in a browser. So: two passes over 16 bits each of the value's share of the range, then an
// insertion sort for what 32 bits can't tell apart, which is next to nothing.
function ascending(values) {
  let [least, most, rows] = [Infinity, -Infinity, 0];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
    rows++;
  }
  const scale = most > least ? 0xffffffff / (most - least) : 0;
  const keys = new Uint32Array(values.length);
  let order = new Uint32Array(rows);
  for (let place = 0, row = 0; place < values.length; place++) {
    if (Number.isNaN(values[place])) continue;
    keys[place] = (values[place] - least) * scale;
    order[row++] = place;
  }
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(0x10001);
    for (const place of order) starts[((keys[place] >>> shift) & 0xffff) + 1]++;
    for (let digit = 0; digit < 0x10000; digit++) starts[digit + 1] += starts[digit];
    const next = new Uint32Array(rows);
    for (const place of order) next[starts[(keys[place] >>> shift) & 0xffff]++] = place;
    order = next;
  }
  for (let row = 1; row < rows; row++) {
    const place = order[row];
    let hole = row;
    while (hole > 0 && values[order[hole - 1]] > values[place]) {
      order[hole] = order[hole - 1];
      hole--;
    }
    order[hole] = place;
  }
  return order;
}
