import fc from 'fast-check'

/** What a stranger sends, and whether it is as it should be. */
export interface Case<T = unknown> {
  readonly isGood: boolean
  readonly input: T
}

/** A door that strangers' input comes through. */
export interface Target<T = unknown> {
  readonly name: string
  readonly cases: fc.Arbitrary<Case<T>>
  /** Reads it as the node does. @throws a typed error, and nothing else */
  read(input: T): unknown
  /** Good input is taken; false where what is generated as good is so in shape alone. */
  readonly takesGood?: boolean
  /**
   * Milliseconds of processor time that one input may take of this thread; more where the node reads it in a thread or
   * process of its own.
   */
  readonly mostMs?: number
  /** How dear a case is beside that of a message: so many times fewer are tried. */
  readonly weight?: number
  /** What it needs, made before the first case and put away after the last. */
  begin?(): Promise<() => Promise<void>>
}

/** Any target, whatever its input is. */
export const target = <T>(made: Target<T>): Target => made as unknown as Target

/** One case in six is good: it must go on being taken between all the others. */
export const casesOf = <T>(good: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>): fc.Arbitrary<Case<T>> =>
  fc.oneof(
    { arbitrary: good.map(input => ({ isGood: true, input })), weight: 1 },
    { arbitrary: wrong.map(input => ({ isGood: false, input })), weight: 5 }
  )
