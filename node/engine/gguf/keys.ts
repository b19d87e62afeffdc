import { ModelError } from '../graph/errors.ts'
import type { GgufHeader, GgufValue } from './types.ts'

/** A GGUF file's keys, each read as what it has to be. */
export class Keys {
  readonly #header: GgufHeader
  readonly #read = new Set<string>()

  constructor(header: GgufHeader) {
    this.#header = header
  }

  get file(): string {
    return this.#header.file
  }

  refuse(what: string, help = 'Take another model, or this one as a folder of safetensors.'): ModelError {
    return new ModelError('gguf-unsupported', `${this.#header.file}: ${what}`, { help })
  }
  bad(what: string): ModelError {
    return new ModelError('gguf-invalid', `${this.#header.file}: ${what}`, {
      help: 'Fetch the file again, or one that another program made of the model: this one is damaged.'
    })
  }

  value(key: string): GgufValue | undefined {
    this.#read.add(key)
    return this.#header.metadata.get(key)
  }

  text(key: string): string | undefined {
    const value = this.value(key)
    if (value !== undefined && typeof value !== 'string') throw this.bad(`${key} is no text`)
    return value
  }

  truth(key: string): boolean | undefined {
    const value = this.value(key)
    if (value !== undefined && typeof value !== 'boolean') throw this.bad(`${key} is neither true nor false`)
    return value
  }

  /** A number, or what all layers have where it stands there for each. */
  number(key: string): number | undefined {
    const value = this.value(key)
    const [first, ...others] = Array.isArray(value) ? (value as readonly unknown[]) : [value]
    if (first === undefined && others.length === 0) return undefined
    // [unsupported] All layers are alike.
    if (others.some(other => other !== first)) throw this.refuse(`layers that differ in ${key} are not supported`)
    if (typeof first !== 'number' || !Number.isFinite(first)) throw this.bad(`${key} is no number`)
    return first
  }

  needed(key: string): number {
    const value = this.number(key)
    if (value === undefined) throw this.bad(`the key ${key} is missing`)
    return value
  }

  /** Where a list is not one of such values, or not as long as it has to be, the file is refused. */
  list<T extends 'string' | 'number'>(
    key: string,
    kind: T,
    length?: number
  ): readonly (T extends 'string' ? string : number)[] | undefined {
    const value = this.value(key)
    if (value === undefined) return undefined
    if (!Array.isArray(value) || !(value as readonly unknown[]).every(item => typeof item === kind))
      throw this.bad(`${key} is no list of ${kind === 'string' ? 'texts' : 'numbers'}`)
    if (length !== undefined && value.length !== length)
      throw this.bad(`${key} has ${value.length} entries where there are ${length} tokens`)
    return value as (T extends 'string' ? string : number)[]
  }

  /** Keys that begin so, say something, and were not asked for. */
  unread(prefix: string): string[] {
    const says = (value: GgufValue): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value))
    return [...this.#header.metadata]
      .filter(([key, value]) => key.startsWith(prefix) && !this.#read.has(key) && says(value))
      .map(([key]) => key)
  }
}
