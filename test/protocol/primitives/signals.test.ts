import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { anySignal } from '../../../protocol/primitives/index.ts'

/** Joined signals with a timeout in them, joined again: how many of 500 are still held once nobody has them. */
async function heldOf(join: (signals: AbortSignal[]) => AbortSignal): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const life = new AbortController()
  const inner: WeakRef<AbortSignal>[] = []
  for (let i = 0; i < 500; i++) {
    const one = join([AbortSignal.timeout(20), life.signal])
    inner.push(new WeakRef(one))
    join([one, new AbortController().signal])
  }
  for (let turns = 0; turns < 20 && inner.some(one => one.deref() !== undefined); turns++) {
    await pause(30)
    collect()
  }
  return inner.filter(one => one.deref() !== undefined).length
}

describe('joined signals', () => {
  it('are let go when their timeouts are over, however often they were joined', async () => {
    const held = await heldOf(anySignal)
    assert.ok(held < 5, `${held} of 500 are held`)
  })

  it('abort by a timeout, and by any of them, with its reason', async () => {
    const [left, right] = [new AbortController(), new AbortController()]
    const joined = anySignal([anySignal([left.signal, AbortSignal.timeout(60_000)]), right.signal])
    assert.equal(joined.aborted, false)
    left.abort(new Error('left'))
    assert.equal((joined.reason as Error).message, 'left')
    const late = anySignal([anySignal([AbortSignal.timeout(20)]), right.signal])
    await new Promise(resolve => {
      late.addEventListener('abort', resolve, { once: true })
    })
    assert.equal((late.reason as Error).name, 'TimeoutError')
  })

  it('abort for who listens and holds nothing else of them', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const heard = new Promise<void>(resolve => {
      const joined = anySignal([anySignal([AbortSignal.timeout(200)]), new AbortController().signal])
      joined.addEventListener('abort', () => resolve(), { once: true })
    })
    for (let turns = 0; turns < 3; turns++) {
      await pause(20)
      collect()
    }
    await heard
  })
})
