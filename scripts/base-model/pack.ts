// Turns documents into windows of token ids that start where a document starts, packed without breaking one if it fits.
//
//   node scripts/base-model/pack.ts --corpus .cache/base-model/train.txt --tokenizer daemon/assets/seedling --out
// .cache/base-model/train.bin --window 256
import { closeSync, createReadStream, openSync, readFileSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { bpeEncoder } from './bpe.ts'
import { SPECIAL_TOKENS } from './documents.ts'
import { readBpe } from './tokenizer.ts'

/** How many open windows are tried for a document before the fullest is closed; more packs tighter. */
const OPEN_WINDOWS = 32

/**
 * Best fit over a few open windows: each document goes to the fullest window that still holds it. Windows are padded
 * with 0 (the pad token) at the end; documents longer than a window are cut.
 */
export async function* packWindows(
  documents: AsyncIterable<readonly number[]>,
  window: number
): AsyncGenerator<Uint16Array> {
  let open: number[][] = []
  for await (const whole of documents) {
    const document = whole.slice(0, window)
    const fits = open.filter(w => w.length + document.length <= window)
    const best = fits.reduce<number[] | undefined>(
      (a, b) => (a === undefined || b.length > a.length ? b : a),
      undefined
    )
    if (best !== undefined) {
      best.push(...document)
      continue
    }
    if (open.length === OPEN_WINDOWS) {
      const fullest = open.reduce((a, b) => (b.length > a.length ? b : a))
      open = open.filter(w => w !== fullest)
      yield Uint16Array.from({ length: window }, (_, i) => fullest[i] ?? 0)
    }
    open.push(document)
  }
  for (const rest of open) yield Uint16Array.from({ length: window }, (_, i) => rest[i] ?? 0)
}

/** The windows of a packed file. */
export function readWindows(path: string, window: number): Uint16Array[] {
  const bytes = readFileSync(path)
  const all = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2)
  return Array.from({ length: Math.floor(all.length / window) }, (_, i) => all.subarray(i * window, (i + 1) * window))
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      corpus: { type: 'string', default: '.cache/base-model/train.txt' },
      tokenizer: { type: 'string', default: 'daemon/assets/seedling' },
      out: { type: 'string', default: '.cache/base-model/train.bin' },
      window: { type: 'string', default: '256' }
    }
  })
  const encode = bpeEncoder(readBpe(values.tokenizer), SPECIAL_TOKENS)
  let [documents, tokens, windows] = [0, 0, 0]
  async function* encoded(): AsyncGenerator<number[]> {
    for await (const line of createInterface({ input: createReadStream(values.corpus) })) {
      const ids = encode(line)
      documents += 1
      tokens += ids.length
      yield ids
    }
  }
  const file = openSync(values.out, 'w')
  for await (const window of packWindows(encoded(), Number(values.window))) {
    writeSync(file, new Uint8Array(window.buffer))
    windows += 1
  }
  closeSync(file)
  const full = ((100 * tokens) / windows / Number(values.window)).toFixed(1)
  console.log(
    `packed: ${documents} documents, ${tokens} tokens, ${windows} windows of ${values.window} (${full}% full)`
  )
}
