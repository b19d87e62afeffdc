/** A value that a form asks for; other shapes are named by their number, so that one may hold itself. */
export type Shape =
  /** One of some JSON texts. */
  | { readonly kind: 'literal'; readonly texts: readonly string[] }
  /** So many characters (code points) at least and at most. */
  | { readonly kind: 'string'; readonly least: number; readonly most: number }
  | { readonly kind: 'number'; readonly whole: boolean }
  | { readonly kind: 'array'; readonly entries: number; readonly least: number; readonly most: number }
  /** Its properties in their order; those that need not be there may be left out, no others may be. */
  | { readonly kind: 'object'; readonly properties: readonly Property[] }
  /** Any properties, their names of one shape and their values of another. */
  | { readonly kind: 'map'; readonly names: number; readonly values: number }
  /** One of several. */
  | { readonly kind: 'ways'; readonly ways: readonly number[] }

export interface Property {
  readonly name: string
  readonly value: number
  readonly required: boolean
}

/**
 * Bytes that the shortest text of each shape has, with no blanks; Infinity for one that has no end. Each shape is known
 * once and for all when the least of those that are not yet is taken (Knuth 1977): a form is a stranger's, and shapes
 * may hang on one another in whatever order.
 */
export function leastBytes(shapes: readonly Shape[]): Float64Array {
  const least = new Float64Array(shapes.length).fill(Infinity)
  /** What each comes to by those that are known; of what lacks one, what it has so far. */
  const found = new Float64Array(shapes.length).fill(Infinity)
  const sums = new Float64Array(shapes.length)
  const lacking = new Int32Array(shapes.length)
  const holders: number[][] = shapes.map(() => [])
  const holds = (shape: number, value: number): void => {
    holders[value]?.push(shape)
    lacking[shape] = (lacking[shape] ?? 0) + 1
  }
  for (const [i, shape] of shapes.entries()) {
    switch (shape.kind) {
      case 'literal':
        found[i] = shape.texts.reduce((best, text) => Math.min(best, encoder.encode(text).length), Infinity)
        break
      case 'string':
        found[i] = shape.least + 2
        break
      case 'number':
        found[i] = 1
        break
      case 'map':
        found[i] = 2
        break
      case 'array':
        if (shape.least === 0) found[i] = 2
        else holds(i, shape.entries)
        break
      case 'object':
        sums[i] = 1
        for (const { name, value, required } of shape.properties)
          if (required) {
            sums[i] = (sums[i] ?? 0) + keyBytes(name) + 1
            holds(i, value)
          }
        if (lacking[i] === 0) found[i] = 2
        break
      case 'ways':
        for (const way of shape.ways) holds(i, way)
        break
    }
  }
  const take = (i: number, bytes: number): void => {
    const shape = shapes[i]
    if (shape?.kind === 'ways') found[i] = Math.min(found[i] ?? Infinity, bytes)
    else if (shape?.kind === 'array') found[i] = 1 + shape.least * (bytes + 1)
    else {
      sums[i] = (sums[i] ?? 0) + bytes
      lacking[i] = (lacking[i] ?? 0) - 1
      if (lacking[i] === 0) found[i] = sums[i] ?? Infinity
    }
  }
  const left = new Set(shapes.keys())
  for (;;) {
    let next = -1
    let bytes = Infinity
    for (const i of left) if ((found[i] ?? Infinity) < bytes) [next, bytes] = [i, found[i] ?? Infinity]
    if (next === -1) return least
    left.delete(next)
    least[next] = bytes
    for (const holder of holders[next] ?? []) if (left.has(holder)) take(holder, bytes)
  }
}

const encoder = new TextEncoder()

/** A property's name as it is written, with what follows it. */
export const keyText = (name: string): string => `${JSON.stringify(name)}:`
const keyBytes = (name: string): number => encoder.encode(keyText(name)).length
