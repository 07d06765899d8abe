// What an object that is to be sent has to look like, whatever the format: which case a union
// holds, the
// values of a struct's fields, and errors that say where.
import {defaultValue} from './defaults.js';

/** A value does not fit its type. `path` grows on the way out. */
export class ValueError extends TypeError {
  constructor(what, hint = '') {
    super(what + (hint && ` (try: ${hint})`));
    this.name = 'TypeError';
  }
}

const where = new WeakMap(); // of an error: the path to what is wrong

export const path = {
  /** Runs it; an error gets `name` in front of its path. */
  within(name, run) {
    try {
      return run();
    } catch (error) {
      if (error instanceof TypeError) where.set(error, [name, ...(where.get(error) ?? [])]);
      throw error;
    }
  },
  /** Runs it; an error of within() becomes one that says the path. */
  from(type, run) {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      const steps = (where.get(error) ?? []).map((step) =>
        typeof step === 'number' ? `[${step}]` : `.${step}`,
      );
      throw new ValueError(`${type}${steps.join('')}: ${error.message}`);
    }
  },
};

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** The index of the case that is held, -1: none. */
export function holdsOne(node, value) {
  const names = isObject(value) ? Object.keys(value) : null;
  const cases = node.fields.map((field) => field.name);
  const which = names?.length === 1 ? cases.indexOf(names[0]) : -1;
  if (which >= 0 || (names?.length === 0 && !node.closed)) return which;
  throw new ValueError(
    `${node.name} is a union: an object with one of its cases`,
    cases
      .slice(0, 8)
      .map((name) => `{${name}: ...}`)
      .join(', '),
  );
}

/** The values of the fields, in order: what is left out takes its default, an optional none. */
export function fieldsOf(node, nodes, value) {
  if (!isObject(value)) throw new ValueError(`${node.name} is a struct: an object`);
  const known = new Set(node.fields.map((field) => field.name));
  for (const name of Object.keys(value)) {
    if (!known.has(name))
      throw new ValueError(
        `${node.name} has no field "${name}"`,
        [...known].slice(0, 8).join(', '),
      );
  }
  return node.fields.map((field) => {
    const given = value[field.name];
    if (given !== undefined) return given;
    if (field.default !== null) return defaultValue(field.default, field.type, nodes);
    if (field.type.kind === 'optional') return null;
    throw new ValueError(`the field "${field.name}" is missing, and has no default`);
  });
}
