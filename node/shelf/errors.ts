import { LimitError, NotFoundError } from '../../protocol/primitives/index.ts'
import type { ShelfCode } from './types.ts'

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 0)} GB`

const limit = (code: ShelfCode, message: string, options: ConstructorParameters<typeof LimitError>[2]): LimitError =>
  new LimitError(code, message, options)

export const tooLarge = (cid: string, what: string, cause?: unknown): LimitError =>
  limit('shelf.too-large', `${cid} has ${what}`, { cause })

export const full = (cid: string, bytes: number, quota: number, held: number): LimitError =>
  limit(
    'shelf.full',
    `${cid} takes ${gigabytes(bytes)}; models may take ${gigabytes(quota)} here, ` +
      `of which ${gigabytes(held)} are in use`,
    { consequence: 'retry', help: 'Raise --shelf-gib, or serve and train fewer models at a time.' }
  )

export const fullOfAsked = (cid: string, bytes: number, share: number, held: number): LimitError =>
  limit(
    'shelf.full',
    `${cid} takes ${gigabytes(bytes)}; what others' questions bring may take ${gigabytes(share)} here, ` +
      `of which ${gigabytes(held)} are in use`,
    { consequence: 'retry', help: 'Raise --shelf-gib: a half of it is for them.' }
  )

export const noDisk = (cid: string, bytes: number, free: number): LimitError =>
  limit(
    'shelf.disk',
    `${cid} takes ${gigabytes(bytes)}, and while it is fetched twice that; ${gigabytes(free)} are free`,
    {
      consequence: 'retry',
      help: 'Free some space, or move the data folder to another disk with --data DIR.'
    }
  )

export const busy = (): LimitError =>
  limit('shelf.busy', 'too many models are being fetched already', {
    consequence: 'retry',
    help: 'Try again when some have come.'
  })

export const late = (cid: string, seconds: number): NotFoundError =>
  new NotFoundError('shelf.late' satisfies ShelfCode, `${cid} did not come within ${seconds} s`, {
    consequence: 'retry',
    help: 'Its providers are too slow; try again later.'
  })

export const stopped = (): NotFoundError =>
  new NotFoundError('shelf.stopped' satisfies ShelfCode, 'the node is stopping')
