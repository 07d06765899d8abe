// Where Cap'n Proto puts the fields of a struct: the offsets that the reference compiler gives the
// schema of a type (docs/reference/formats/capnproto.md). A size is n for 2^n bits.

export const POINTER = -1; // a size: what lies by pointer

const SIZE = {
  bool: 0,
  i8: 3,
  u8: 3,
  i16: 4,
  u16: 4,
  i32: 5,
  u32: 5,
  f32: 5,
  i64: 6,
  u64: 6,
  f64: 6,
  time: 6,
  duration: 6,
};

export const isDense = (node) => node.symbols.every((symbol, i) => symbol.value === i);

export function sizeOf(ref, nodes) {
  if (ref.kind === 'ref' && nodes[ref.node].kind === 'enum')
    return isDense(nodes[ref.node]) ? 4 : 5;
  return SIZE[ref.kind] ?? POINTER;
}

// The reference compiler's allocator: a value goes into the smallest hole that fits; a hole is what
// is
// left of a word after a smaller value was put into it. At most one hole of each size.
class Allocator {
  constructor() {
    this.words = 0;
    this.pointers = 0;
    this.holes = [0, 0, 0, 0, 0, 0];
  }

  take(size) {
    if (size === 6) return (this.words += 1) - 1;
    if (this.holes[size] !== 0) {
      const offset = this.holes[size];
      this.holes[size] = 0;
      return offset;
    }
    const offset = this.take(size + 1) * 2;
    this.holes[size] = offset + 1; // never 0: a hole follows what was taken
    return offset;
  }

  /** Makes a value grow in place by joining it with the holes behind it. */
  grow(size, offset, target) {
    if (size === target) return true;
    if (size >= 6 || this.holes[size] !== offset + 1) return false;
    if (!this.grow(size + 1, offset >> 1, target)) return false;
    this.holes[size] = 0;
    return true;
  }

  place(ref, nodes) {
    const optional = ref.kind === 'optional';
    const slot = {ref, size: sizeOf(optional ? ref.of : ref, nodes), offset: 0, discriminant: -1};
    if (optional && slot.size !== POINTER) slot.discriminant = this.take(4);
    slot.offset = slot.size === POINTER ? (this.pointers += 1) - 1 : this.take(slot.size);
    return slot;
  }

  shape(slots, discriminant = 0) {
    return {words: this.words, pointers: this.pointers, discriminant, slots};
  }
}

const structShape = (refs, nodes) => {
  const allocator = new Allocator();
  const slots = refs.map((ref) => allocator.place(ref, nodes));
  return allocator.shape(slots);
};

// The cases of a union share room: each takes the smallest place that holds it, or makes one grow.
function unionShape(node, nodes) {
  const allocator = new Allocator();
  const discriminant = allocator.take(4); // 0: none of the cases
  const rooms = [];
  let pointer = -1;
  const slots = node.fields.map(({type: ref}) => {
    const size = ref.kind === 'optional' ? POINTER : sizeOf(ref, nodes);
    if (size === POINTER) {
      if (pointer < 0) pointer = (allocator.pointers += 1) - 1;
      return {ref, size, offset: pointer, discriminant: -1};
    }
    let best = null;
    for (const room of rooms)
      if (room.size >= size && (best === null || room.size < best.size)) best = room;
    for (const room of rooms) {
      if (best !== null) break;
      if (!allocator.grow(room.size, room.offset, size)) continue;
      room.offset >>= size - room.size;
      room.size = size;
      best = room;
    }
    if (best === null) rooms.push((best = {size, offset: allocator.take(size)}));
    return {ref, size, offset: best.offset << (best.size - size), discriminant: -1};
  });
  return allocator.shape(slots, discriminant);
}

const DECIMAL = {words: 2, pointers: 0, slots: []};
const ANY = {words: 0, pointers: 2, slots: []};
const shapes = new WeakMap(); // of the named types of a type

/** The shape of what is an object of its own. */
export function shapeOf(ref, nodes) {
  if (ref.kind === 'decimal') return DECIMAL;
  if (ref.kind === 'any') return ANY;
  if (ref.kind === 'optional') return structShape([ref], nodes);
  if (ref.kind === 'map') return structShape([ref.key, ref.of], nodes);
  const node = nodes[ref.node];
  if (!shapes.has(node)) {
    shapes.set(
      node,
      node.kind === 'union'
        ? unionShape(node, nodes)
        : structShape(
            node.fields.map((field) => field.type),
            nodes,
          ),
    );
  }
  return shapes.get(node);
}

export const isObject = (ref, nodes) =>
  ['decimal', 'any', 'optional'].includes(ref.kind) ||
  (ref.kind === 'ref' && nodes[ref.node].kind !== 'enum');
