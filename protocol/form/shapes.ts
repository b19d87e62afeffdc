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

/** Bytes that the shortest text of each shape has, with no blanks; Infinity for one that has no end. */
export function leastBytes(shapes: readonly Shape[]): Float64Array {
  const least = new Float64Array(shapes.length).fill(Infinity)
  const of = (shape: number): number => least[shape] ?? Infinity
  const bytes = (shape: Shape): number => {
    switch (shape.kind) {
      case 'literal':
        return Math.min(...shape.texts.map(text => encoder.encode(text).length))
      case 'string':
        return shape.least + 2
      case 'number':
        return 1
      case 'array':
        return shape.least === 0 ? 2 : 1 + shape.least * (of(shape.entries) + 1)
      case 'object': {
        const required = shape.properties.filter(one => one.required)
        const all = required.reduce((sum, one) => sum + keyBytes(one.name) + of(one.value) + 1, 0)
        return required.length === 0 ? 2 : 1 + all
      }
      case 'map':
        return 2
      case 'ways':
        return shape.ways.reduce((best, way) => Math.min(best, of(way)), Infinity)
    }
  }
  // Each round makes right what is one value deeper.
  for (let changed = true; changed;) {
    changed = false
    for (const [i, shape] of shapes.entries()) {
      const found = bytes(shape)
      if (found >= of(i)) continue
      least[i] = found
      changed = true
    }
  }
  return least
}

const encoder = new TextEncoder()

/** A property's name as it is written, with what follows it. */
export const keyText = (name: string): string => `${JSON.stringify(name)}:`
const keyBytes = (name: string): number => encoder.encode(keyText(name)).length
