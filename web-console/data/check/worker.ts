import { z } from 'zod'
import { checkFile, lineText } from './check.ts'
import type { CheckRequest, CheckedFile } from './check.ts'

// The checks run beside the page: a file of megabytes takes seconds, and the page goes on meanwhile.

/** As the page does, so that no check is compiled by means that the console's policy refuses. */
z.config({ jitless: true })

export type ToChecker =
  | ({ readonly kind: 'check' } & CheckRequest)
  | { readonly kind: 'line'; readonly bytes: Uint8Array; readonly line: number }
export type FromChecker =
  | { readonly kind: 'checked'; readonly checked: CheckedFile }
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'failed'; readonly message: string }

const say = (message: FromChecker): void => {
  self.postMessage(message, {})
}

self.addEventListener('message', ({ data }: MessageEvent<ToChecker>) => {
  try {
    if (data.kind === 'check') say({ kind: 'checked', checked: checkFile(data) })
    else say({ kind: 'line', text: lineText(data.bytes, data.line) })
  } catch (cause) {
    say({ kind: 'failed', message: cause instanceof Error ? cause.message : String(cause) })
  }
})
