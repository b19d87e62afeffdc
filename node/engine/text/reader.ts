import { resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { openSandbox, type Sandbox } from '../../runtime/sandbox/index.ts'
import { createCache } from '../../runtime/cache.ts'
import { programBeside } from '../../runtime/program.ts'
import type { TextReader } from '../types.ts'
import { plainSpeller, type PlainSpeller } from './plain.ts'
import { textBegin, TextStream } from './stream.ts'
import type { tasks } from './tasks.ts'

/** Processes that read texts for models at a time, each with a tokenizer in its memory. */
const processes = 4
const heapMb = 384
/** Requests that wait for one model's tokenizer; a worker takes far fewer answers at a time. */
const queue = 512
const idleMs = 600_000
/** A tokenizer with a vocabulary of 150,000 tokens is read in a second. */
const openMs = 20_000
/**
 * An honest prompt takes a few milliseconds, the longest that is allowed under a second: on a machine that has other
 * things to do several times as long, and that is not to be laid at the model's door.
 */
const promptMs = 5_000
const charactersPerMs = 40
type Texts = readonly { readonly content: string }[]
const longer = (ms: number, conversations: readonly Texts[]): number =>
  ms + Math.ceil(conversations.flat().reduce((sum, { content }) => sum + content.length, 0) / charactersPerMs)
/** Rows that are read in one go. */
const rowsAtOnce = 64
const rowsMs = 20_000
const textsOf = (rows: readonly { readonly messages: Texts }[]): Texts[] => rows.map(({ messages }) => messages)
/** Vocabularies that are held here: two megabytes each for the usual ones. */
const mostPlain = 8
/**
 * What is spelled here in one turn of the loop: tokens, bytes that they say, and tokens held back before them, since
 * each token is decoded with all that are. No text needs more; whatever does is spelled where it has a deadline.
 */
const plainAtOnce = { tokens: 64, bytes: 8_192, heldBack: 32 } as const

export function openTextReader(): TextReader {
  /**
   * What turns tokens into text in this process. Nothing of a stranger's is run for it, and it is asked for with each
   * frame of each answer: by way of another process it costs more than all else that is done with a frame. It goes with
   * the process that read it, so that both are of the same files; an answer is spelled by one to its end.
   */
  const plain = createCache<string, Promise<PlainSpeller | undefined>>({ max: mostPlain })
  const sandbox: Sandbox<typeof tasks> = openSandbox<typeof tasks>({
    program: programBeside(import.meta.url, 'tasks'),
    beginMs: openMs,
    heapMb,
    processes,
    queue,
    idleMs,
    ended: folder => plain.delete(folder)
  })
  const inParts = async <A, B>(all: readonly A[], read: (part: readonly A[]) => Promise<B[]>): Promise<B[]> => {
    const done: B[] = []
    for (let at = 0; at < all.length; at += rowsAtOnce) done.push(...(await read(all.slice(at, at + rowsAtOnce))))
    return done
  }

  function plainOf(folder: string): Promise<PlainSpeller | undefined> {
    const known = plain.get(folder)
    if (known !== undefined) return known
    const next = sandbox.run(folder, 'plain', null, openMs).then(found => found && plainSpeller(found))
    plain.set(folder, next)
    next.catch(() => plain.delete(folder))
    return next
  }

  const reader: TextReader = {
    open: folder => sandbox.begin(resolve(folder)),
    encode: (folder, text) => sandbox.run(resolve(folder), 'encode', text, longer(promptMs, [[{ content: text }]])),
    endIds: folder => sandbox.run(resolve(folder), 'endIds', null, promptMs),
    written: (folder, ids) => sandbox.run(resolve(folder), 'written', ids, promptMs),
    bytes: (folder, ids) => sandbox.run(resolve(folder), 'bytes', ids, openMs),
    named: (folder, said) => sandbox.run(resolve(folder), 'named', { said }, openMs),
    prompt: async (folder, messages, day) => {
      const ms = longer(promptMs, [messages])
      const [prompt = []] = await sandbox.run(resolve(folder), 'prompts', { conversations: [messages], day }, ms)
      return prompt
    },
    prompts: (folder, all, day) =>
      inParts(all, conversations =>
        sandbox.run(resolve(folder), 'prompts', { conversations, day }, longer(rowsMs, conversations))
      ),
    answers: (folder, all) =>
      inParts(all, rows => sandbox.run(resolve(folder), 'answers', rows, longer(rowsMs, textsOf(rows)))),
    trainRows: (folder, all, options) =>
      inParts(all, rows =>
        sandbox.run(resolve(folder), 'trainRows', { rows, ...options }, longer(rowsMs, textsOf(rows)))
      ),
    text(folder, stops) {
      const at = resolve(folder)
      let state = textBegin
      let turn: Promise<unknown> = Promise.resolve()
      let spelling: Promise<PlainSpeller | undefined> | undefined
      const isPlain = (speller: PlainSpeller, ids: readonly number[]): boolean =>
        state.ids.length <= plainAtOnce.heldBack &&
        (speller.bytes([...state.ids, ...ids]) ?? Infinity) <= plainAtOnce.bytes
      const take = (ids: readonly number[], last: boolean): Promise<string> => {
        const mine = turn.then(async () => {
          const speller = await (spelling ??= plainOf(at)).catch((error: unknown) => {
            spelling = undefined
            throw error
          })
          let text = ''
          for (let from = 0; ;) {
            const some = ids.slice(from, from + plainAtOnce.tokens)
            if (speller === undefined || !isPlain(speller, some)) {
              const said = await sandbox.run(at, 'text', { stops, state, ids: ids.slice(from), last }, promptMs)
              state = said.state
              return text + said.text
            }
            from += some.length
            const isEnd = from >= ids.length
            const stream = new TextStream(speller, stops, state)
            text += stream.take(some, last && isEnd)
            state = stream.state
            if (isEnd) return text
            await setImmediate() // whatever else waits has its turn
          }
        })
        turn = mine.catch(() => undefined)
        return mine
      }
      return {
        push: ids => take(ids, false),
        finish: () => take([], true),
        get stopped() {
          return state.stopped
        }
      }
    },
    close: () => sandbox.close()
  }
  return reader
}
