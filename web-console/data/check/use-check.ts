import { useEffect, useState } from 'react'
import type { CheckRequest, CheckedFile } from './check.ts'
import type { ReadLimits, ReadLocally } from './read-local.ts'
import type { FromChecker, ToChecker } from './worker.ts'

/** An answer of the checker; it is ended as soon as it has answered, or nobody waits for it. */
function ask(message: ToChecker, answered: (answer: FromChecker) => void): () => void {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  const end = (): void => {
    worker.terminate()
  }
  worker.addEventListener('message', ({ data }: MessageEvent<FromChecker>) => {
    // The reader of PDFs takes a worker for its own, and greets whoever began it.
    if (typeof (data as Partial<FromChecker>).kind !== 'string') return
    if (data.kind !== 'progress') end()
    answered(data)
  })
  worker.addEventListener('error', event => {
    end()
    answered({ kind: 'failed', message: event.message })
  })
  worker.postMessage(message, {})
  return end
}

/** A file read, in whatever form it is; or why it is not. @returns what ends it */
export function readFileHere(
  file: File,
  map: string,
  limits: ReadLimits,
  on: { share(share: number): void; read(read: ReadLocally): void; failed(message: string): void }
): () => void {
  return ask({ kind: 'read', file, map, limits }, answer => {
    if (answer.kind === 'progress') on.share(answer.share)
    else if (answer.kind === 'read') on.read(answer.read)
    else if (answer.kind === 'failed')
      on.failed([answer.message, answer.help].filter(text => text !== undefined).join('. '))
  })
}

/** The whole of one line, as it stands in the file. */
export const readLine = (bytes: Uint8Array, line: number): Promise<string> =>
  new Promise((resolve, reject) => {
    ask({ kind: 'line', bytes, line }, answer => {
      if (answer.kind === 'line') resolve(answer.text)
      else reject(new Error(answer.kind === 'failed' ? answer.message : 'the checker gave another answer'))
    })
  })

/**
 * Runs the validators' checks on a file, beside the page. What was found before stays until there is something new.
 * @param request the same object as long as nothing changed
 */
export function useCheck(request: CheckRequest | undefined): {
  readonly checked: CheckedFile | undefined
  readonly isBusy: boolean
  readonly failed: string | undefined
} {
  const [found, setFound] = useState<{ request: CheckRequest; answer: FromChecker }>()
  useEffect(() => {
    if (request === undefined) return undefined
    return ask({ kind: 'check', ...request }, answer => {
      setFound({ request, answer })
    })
  }, [request])
  // What was found in another file says nothing of this one.
  const isSame = found !== undefined && request !== undefined && found.request.bytes === request.bytes
  return {
    checked: isSame && found.answer.kind === 'checked' ? found.answer.checked : undefined,
    isBusy: request !== undefined && found?.request !== request,
    failed: isSame && found.answer.kind === 'failed' ? found.answer.message : undefined
  }
}
