import { TilthError, anySignal, foreignCode } from '../../../protocol/primitives/index.ts'
import type { ApiClient } from './client.ts'
import type { BodyOf } from './route.ts'
import type { Routes } from './routes.ts'
import { stopping } from './stopping.ts'
import type { AskEvent } from './ask-events.ts'
import type { Explanation } from './views.ts'

/** An answer that is whole: what came, what it cost, its receipts, and on request what it owes to whom. */
export type Answer = Extract<AskEvent, { kind: 'done' }> & { explanation?: Explanation }

/** When a reader has had enough of an answer, and when it is not even waited for what it cost. */
export interface Ends {
  readonly enough: AbortSignal
  readonly hangUp: AbortSignal
}

/**
 * One answer, its text given out as it comes, with how many of its tokens came with it.
 * @throws TilthError as the daemon says
 */
export async function streamAnswer(
  api: Pick<ApiClient, 'stream' | 'call'>,
  body: Omit<BodyOf<Routes['ask']>, 'name'>,
  onText: (text: string, tokens: number) => void,
  ends?: Ends
): Promise<Answer> {
  let answer: Answer | undefined
  const name = crypto.randomUUID()
  const stop = ends === undefined ? undefined : stopping(api, name, ends.enough)
  const signal = stop === undefined || ends === undefined ? undefined : anySignal([stop.hungUp, ends.hangUp])
  try {
    for await (const event of api.stream('ask', {
      body: { ...body, name },
      ...(signal === undefined ? {} : { signal })
    })) {
      if (event.kind === 'error')
        throw new TilthError(
          foreignCode(event.code),
          event.message,
          event.help === undefined ? {} : { help: event.help }
        )
      if (event.kind === 'text') onText(event.text, event.tokens ?? 0)
      if (event.kind === 'done') answer = event
      if (event.kind !== 'explanation' || answer === undefined) continue
      const { kind: _, ...explanation } = event
      answer = { ...answer, explanation }
    }
  } finally {
    stop?.end()
  }
  if (answer === undefined) throw new TilthError('ask.unfinished', 'the answer ended without a result')
  return answer
}
