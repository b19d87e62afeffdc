// How people say which one they mean: an id, the beginning of one, or one as lists show it, its middle left out.

export interface IdText {
  /** Lower case, with 0x. */
  readonly beginning: string
  /** Empty unless the middle was left out. */
  readonly end: string
}

/**
 * What of an id a text gives: `0x12ab`, `12ab` (four digits at least, for fewer are a word as well), or `0x12ab…cd34`.
 * Undefined for what is no part of an id.
 */
export function idText(text: string): IdText | undefined {
  const parts = /^(0x)?([0-9a-f]{1,64})(?:(?:…|\.\.\.?)([0-9a-f]{1,64}))?$/.exec(text.trim().toLowerCase())
  const [, marked, beginning = '', end = ''] = parts ?? []
  if (parts === null || (marked === undefined && beginning.length < 4)) return undefined
  return { beginning: `0x${beginning}`, end }
}

/**
 * Whether a text says by its form that it is an id, or a part of one: marked as such, whole, or with its middle left
 * out. The chain takes it for a name all the same, so nobody is meant by it who has registered it as one.
 */
export const isIdAlone = (text: string): boolean => idText(text) !== undefined && /^0x|[.…]|^.{64}$/i.test(text.trim())

export const isMeant = (id: string, { beginning, end }: IdText): boolean => id.startsWith(beginning) && id.endsWith(end)
