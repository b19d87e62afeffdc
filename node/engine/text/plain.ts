/** What a token says, or how it is told. */
const kinds = { unknown: 0, bytes: 1, special: 2, added: 3 } as const

/** A vocabulary whose tokens say bytes in a row, as one piece: what each token says stands behind that of the last. */
export interface PlainVocabulary {
  readonly kinds: Uint8Array
  /** Where in `bytes` what a token says ends. */
  readonly ends: Uint32Array
  readonly bytes: Uint8Array
}

/** Tokens, and bytes of all of them: what a process holds for each model that it reads the answers of. */
const mostTokens = 1 << 20
const mostBytes = 16 << 20

/** A token by its id: nothing where the vocabulary has none. */
export type PlainToken = { readonly kind: Exclude<keyof typeof kinds, 'unknown'>; readonly said: Uint8Array }

/** @returns undefined for a vocabulary that is larger than those of models */
export function packPlain(count: number, tokenOf: (id: number) => PlainToken | undefined): PlainVocabulary | undefined {
  if (count > mostTokens) return undefined
  const [which, ends] = [new Uint8Array(count), new Uint32Array(count)]
  const parts: Uint8Array[] = []
  let end = 0
  for (let id = 0; id < count; id++) {
    const token = tokenOf(id)
    if (token !== undefined) {
      which[id] = kinds[token.kind]
      parts.push(token.said)
      end += token.said.length
    }
    if (end > mostBytes) return undefined
    ends[id] = end
  }
  const bytes = new Uint8Array(end)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return { kinds: which, ends, bytes }
}

/** Tokens as text, without the tokenizer. */
export interface PlainSpeller {
  /** As the tokenizer decodes: bytes in a row are one text, special tokens nothing, added ones a text of their own. */
  decode(ids: readonly number[]): string
  /** Bytes that these say, none of which is left out; undefined where one of them is not in the vocabulary. */
  bytes(ids: readonly number[]): number | undefined
}

export function plainSpeller({ kinds: which, ends, bytes }: PlainVocabulary): PlainSpeller {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  const saidBy = (id: number): Uint8Array => bytes.subarray(id === 0 ? 0 : ends[id - 1], ends[id])
  return {
    bytes(ids) {
      let sum = 0
      for (const id of ids) {
        if ((which[id] ?? kinds.unknown) === kinds.unknown) return undefined
        sum += saidBy(id).length
      }
      return sum
    },
    decode(ids) {
      let text = ''
      let row: Uint8Array[] = []
      const end = (): void => {
        if (row.length > 0) text += utf8.decode(row.length === 1 ? row[0] : Buffer.concat(row))
        row = []
      }
      for (const id of ids) {
        if (which[id] === kinds.special) continue
        if (which[id] === kinds.added) {
          end()
          text += utf8.decode(saidBy(id))
        } else row.push(saidBy(id))
      }
      end()
      return text
    }
  }
}
