import { z } from 'zod'
import { LimitError, NotFoundError, TilthError, bytes32 } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { readIfThere, writePrivate } from '../private-file.ts'

const mostPins = 1_000
const form = z.strictObject({
  version: z.literal(1),
  pins: z.array(z.strictObject({ name: z.string().min(1).max(80), model: bytes32 })).max(mostPins)
})

export interface Pin {
  readonly name: string
  readonly model: Hex
}

/** Names of models that the owner has settled. */
export interface Pins {
  list(): readonly Pin[]
  get(name: string): Hex | undefined
  /** On disk when it resolves; in place of what the name meant before. @throws LimitError `pin.many` */
  set(pin: Pin): Promise<void>
  /** @throws NotFoundError `pin.unknown` */
  remove(name: string): Promise<Pin>
}

/** @throws TilthError `pin.file` where it cannot be read: a name would mean something else than its owner settled */
export async function openPins(path: string): Promise<Pins> {
  const text = (await readIfThere(path)) ?? '{"version":1,"pins":[]}'
  let pins: Map<string, Hex>
  try {
    pins = new Map(form.parse(JSON.parse(text)).pins.map(({ name, model }) => [name, model]))
  } catch (cause) {
    throw new TilthError('pin.file', `${path} cannot be read: it says which models names mean`, {
      help: 'Put back a copy of it, or delete it and pin anew.',
      consequence: 'fatal',
      cause
    })
  }
  // One after another: each writes the whole file, and counts once that is on disk.
  let last: Promise<unknown> = Promise.resolve()
  const change = (by: (next: Map<string, Hex>) => void): Promise<void> => {
    const run = last.then(async () => {
      const next = new Map(pins)
      by(next)
      const all = [...next].map(([name, model]) => ({ name, model }))
      await writePrivate(path, `${JSON.stringify({ version: 1, pins: all })}\n`)
      pins = next
    })
    last = run.catch(() => undefined) // told to whoever asked for it
    return run
  }
  return {
    list: () => [...pins].map(([name, model]) => ({ name, model })),
    get: name => pins.get(name),
    set: ({ name, model }) =>
      change(next => {
        if (!next.has(name) && next.size >= mostPins)
          throw new LimitError('pin.many', `${mostPins} names are pinned already`, { help: 'Unpin some.' })
        next.set(name, model)
      }),
    async remove(name) {
      const model = pins.get(name)
      if (model === undefined)
        throw new NotFoundError('pin.unknown', `${name} is not pinned`, { help: 'See `tilth models pins`.' })
      await change(next => void next.delete(name))
      return { name, model }
    }
  }
}
