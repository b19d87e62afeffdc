import { z } from 'zod'
import { TilthError } from '../../../protocol/primitives/errors.ts'
import { checkFile, lineText } from './check.ts'
import type { CheckRequest, CheckedFile } from './check.ts'
import { readLocal } from './read-local.ts'
import type { ReadLimits, ReadLocally } from './read-local.ts'

// The checks run beside the page: a file of megabytes takes seconds, and the page goes on meanwhile.

/** As the page does, so that no check is compiled by means that the console's policy refuses. */
z.config({ jitless: true })

export type ToChecker =
  | ({ readonly kind: 'check' } & CheckRequest)
  | { readonly kind: 'line'; readonly bytes: Uint8Array; readonly line: number }
  | { readonly kind: 'read'; readonly file: File; readonly map: string; readonly limits: ReadLimits }
export type FromChecker =
  | { readonly kind: 'checked'; readonly checked: CheckedFile }
  | { readonly kind: 'line'; readonly text: string }
  /** Not the last answer: how far the reading is, from 0 to 1. */
  | { readonly kind: 'progress'; readonly share: number }
  | { readonly kind: 'read'; readonly read: ReadLocally }
  | { readonly kind: 'failed'; readonly message: string; readonly help?: string }

const say = (message: FromChecker): void => {
  self.postMessage(message, {})
}

const failed = (cause: unknown): void => {
  const help = cause instanceof TilthError ? cause.help : undefined
  say({
    kind: 'failed',
    message: cause instanceof Error ? cause.message : String(cause),
    ...(help === undefined ? {} : { help })
  })
}

/** Between two words on how far it has come. */
const saidMs = 200

function read({ file, map, limits }: Extract<ToChecker, { kind: 'read' }>): void {
  let last = performance.now()
  readLocal(file, map, limits, share => {
    if (performance.now() - last < saidMs) return
    last = performance.now()
    say({ kind: 'progress', share })
  }).then(found => {
    say({ kind: 'read', read: found })
  }, failed)
}

self.addEventListener('message', ({ data }: MessageEvent<ToChecker>) => {
  try {
    if (data.kind === 'check') say({ kind: 'checked', checked: checkFile(data) })
    else if (data.kind === 'read') read(data)
    else say({ kind: 'line', text: lineText(data.bytes, data.line) })
  } catch (cause) {
    failed(cause)
  }
})
