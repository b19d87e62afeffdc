import assert from 'node:assert/strict'
import { createTurns } from '../../../node/payouts/audits/turns.ts'
import type { Turns } from '../../../node/payouts/audits/turns.ts'
import { createQueue } from '../../../node/runtime/index.ts'
import { TilthError, keccak } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'

const [first, second] = [keccak('first'), keccak('second')] as const
const hourMs = async (): Promise<number> => 3_600_000

describe('turns of what auditors run', () => {
  const failures: unknown[] = []
  const turns = (turnMs: number, life = new AbortController().signal): Turns => {
    failures.length = 0
    const failed = (_: string, error: unknown): void => void failures.push(error)
    return createTurns({
      queue: createQueue({ name: 'turns', bound: 8, concurrency: 1 }),
      turnMs: () => turnMs,
      life: () => life,
      failed
    })
  }
  /** Ends with the signal alone. */
  const hang = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error)
      })
    })

  it('end for what hangs once another waits, and with the time that there is', async () => {
    const own = turns(1)
    let ran = 0
    own.later(first, hang, hourMs)
    own.later(second, async () => void ran++, hourMs)
    await own.idle()
    assert.equal(ran, 1)
    assert.deepEqual([failures.length, failures[0] instanceof TilthError && failures[0].code], [1, 'audit.turn'])
    own.later(first, hang, async () => 1)
    await own.idle()
    assert.equal(failures.length, 2)
    own.later(
      first,
      async () => void ran++,
      async () => 0
    )
    await own.idle()
    assert.equal(ran, 1, 'what has no time left is not begun')
  })

  it('do again what is asked for while it runs, and not twice what waits', async () => {
    const own = turns(3_600_000)
    let [begun, ends] = [0, (): void => undefined]
    const act = async (): Promise<void> => {
      begun++
      if (begun === 1) await new Promise<void>(resolve => (ends = resolve))
    }
    own.later(first, act, hourMs)
    own.later(first, act, hourMs)
    await until(() => begun === 1, 'it runs')
    own.later(first, act, hourMs)
    own.later(first, act, hourMs)
    ends()
    await until(() => begun === 2, 'it is done again')
    await own.idle()
    assert.equal(begun, 2)
  })
})
