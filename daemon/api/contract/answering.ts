import { TilthError, anySignal } from '../../../protocol/primitives/index.ts'

/** A read takes no longer than this; what changes something may have to wait for a block or a model. */
const readMs = 60_000
/** While a call waits, so often it is seen whether the daemon still lives, and so long it has to show it. */
const probeMs = { every: 10_000, within: 15_000 }

export interface Patience {
  readonly readMs: number
  readonly probeMs: { readonly every: number; readonly within: number }
}
export const patience: Patience = { readMs, probeMs }

const hung = (base: string): TilthError =>
  new TilthError('api.hung', `the daemon at ${base} takes calls and does not answer them`, {
    help: 'See the end of its log (daemon.log of a local network); ending it and starting it again loses nothing.'
  })

export interface Watch {
  /** Aborts, with an error that says so, once the daemon is taken to hang. */
  readonly signal: AbortSignal
  end(): void
}

/**
 * Watches a daemon while one of its calls is waited for. A call that takes long is no fault while the daemon answers
 * others; a read has an end in any case.
 */
export function watchAnswering(base: string, read: boolean, { readMs, probeMs }: Patience): Watch {
  const life = new AbortController()
  const over = new AbortController()
  const longest = read ? setTimeout(() => life.abort(hung(base)), readMs) : undefined
  let probing = false
  const timer = setInterval(() => {
    if (probing) return
    probing = true
    fetch(new URL('/openapi.json', base), {
      signal: anySignal([over.signal, AbortSignal.timeout(probeMs.within)])
    })
      .then(async response => response.body?.cancel())
      .catch((error: unknown) => {
        if ((error as { name?: string }).name === 'TimeoutError') life.abort(hung(base))
      })
      .finally(() => {
        probing = false
      })
  }, probeMs.every)
  return {
    signal: life.signal,
    end() {
      clearTimeout(longest)
      clearInterval(timer)
      over.abort()
    }
  }
}
