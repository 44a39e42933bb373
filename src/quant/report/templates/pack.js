// Columns of numbers as packing.py wrote them: differences, signs folded in, seven bits to the byte.
function unpack(column) {
  const bytes = atob(column.d);
  const scale = 10 ** Math.abs(column.k);
  const values = [];
  let total = 0;
  let folded = 0;
  let size = 1;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes.charCodeAt(i);
    // Products, not shifts: script shifts 32 bits only.
    folded += (byte & 127) * size;
    if (byte & 128) {
      size *= 128;
      continue;
    }
    total += folded % 2 ? -(folded + 1) / 2 : folded / 2;
    values.push(column.k >= 0 ? total / scale : total * scale);
    folded = 0;
    size = 1;
  }
  return values;
}

// The same with null where there is no value.
function unpackWithGaps(column) {
  const values = unpack(column);
  for (const place of unpack(column.gaps)) values[place] = null;
  return values;
}

const DATA = JSON.parse(document.getElementById("data").textContent);
