import assert from 'node:assert/strict'
import fc from 'fast-check'
import { failedAgain, createAutomations, createEvents, manualClock, silentLog } from '../../../node/runtime/index.ts'
import type { AutomationEvents, Failure, Plan } from '../../../node/runtime/index.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { ChainError } from '../../../node/chain/errors/index.ts'
import { InvalidError, foreignCode } from '../../../protocol/primitives/index.ts'
import { scratch, until } from '../../harness/index.ts'

const broken = (): Error => new ChainError('chain.unreachable', 'no chain')
const refused = (): Error => new InvalidError(foreignCode('test.refused'), 'not so', { help: 'Stake first.' })

describe('what a node does by itself', () => {
  let store: Store
  before(async () => {
    store = await openStore(await scratch('automation'))
  })
  after(() => store.close())

  /** A machine with one automation, whose plans the test says, and what it told the bus. */
  function machine(plans: () => Plan[], on = true) {
    const clock = manualClock()
    const events = createEvents<AutomationEvents>(silentLog)
    const steps: AutomationEvents['automation.step'][] = []
    events.on('automation.step', step => {
      steps.push(step)
    })
    const automations = createAutomations({ clock, log: silentLog, events, store })
    const automation = automations.add({
      name: 'anchor',
      on,
      everyMs: 1_000,
      async *plans() {
        yield* plans()
      }
    })
    return { clock, steps, automation, view: () => automations.views()[0] }
  }

  it('does what is due, once a round, and says so in its view and on the bus', async () => {
    let left = 2
    const { clock, steps, automation, view } = machine(() =>
      left === 0
        ? []
        : [
            {
              due: true,
              about: 'elements',
              what: 'anchor a version',
              run: async () => `anchored, ${--left} left`
            }
          ]
    )
    automation.start()
    await until(() => steps.length === 1, 'the first step')
    assert.deepEqual(view()?.last, { about: 'elements', what: 'anchored, 1 left', at: clock.now(), failed: null })
    await until(async () => (await clock.advance(1_000), steps.length === 2), 'the second step')
    for (let i = 0; i < 10; i++) await clock.advance(1_000)
    assert.equal(steps.length, 2)
    assert.deepEqual(view()?.next, [])
    await automation.stop()
  })

  it('shows what waits, and why, the soonest first', async () => {
    const wait = (what: string, at: number | null): Plan => ({ due: false, about: 'x', what, why: 'not yet', at })
    const { automation, view } = machine(() => [wait('never', null), wait('late', 2e15), wait('soon', 1e15)])
    automation.start()
    await until(() => view()?.next.length === 3, 'the view')
    assert.deepEqual(
      view()?.next.map(({ what }) => what),
      ['soon', 'late', 'never']
    )
    await automation.stop()
  })

  it('tries again after a failure, later each time, and says what failed and when it is tried again', async () => {
    let tries = 0
    const { clock, steps, automation, view } = machine(() => [
      {
        due: true,
        about: 'pool',
        what: 'close epoch 1',
        run: async () => {
          if (++tries < 3) throw tries === 1 ? broken() : refused()
          return 'closed'
        }
      }
    ])
    automation.start()
    await until(() => steps.length === 1, 'the first try')
    assert.equal(steps[0]?.failed, 'no chain')
    await until(() => view()?.next.length === 1, 'the view')
    assert.match(view()?.next[0]?.why ?? '', /tried once: no chain/)
    assert.equal(view()?.next[0]?.at, clock.now() + 5_000)
    for (let i = 0; i < 3; i++) await clock.advance(1_000)
    assert.equal(tries, 1)
    await until(async () => (await clock.advance(1_000), tries === 2), 'the second try')
    await until(() => steps.length === 2, 'it is told')
    assert.equal(steps[1]?.failed, 'not so. Stake first.')
    await until(async () => (await clock.advance(1_000), tries === 3), 'the third try')
    await until(() => steps.length === 3, 'it is told')
    assert.equal(steps[2]?.failed, null)
    await automation.stop()
  })

  it('does nothing where it is switched off, and remembers over a restart what was done last', async () => {
    const { automation, view, steps } = machine(
      () => [{ due: true, about: 'x', what: 'a step', run: async () => 'done' }],
      false
    )
    automation.start()
    await until(() => view()?.last?.what === 'closed' || view()?.last !== null, 'the last step of before')
    assert.equal(steps.length, 0)
    assert.equal(view()?.on, false)
    await automation.stop()
  })

  it('looks at once when it is woken', async () => {
    let looks = 0
    const { automation } = machine(() => {
      looks++
      return []
    })
    automation.start()
    await until(() => looks === 1, 'the first look')
    automation.wake()
    await until(() => looks === 2, 'the look after the news')
    await automation.stop()
  })

  it('never gives a step up, never tries it sooner after more failures, and waits an hour at most', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), fc.nat(2 ** 40), (kinds, now) => {
        let failure: Failure | undefined
        let before = 0
        for (const [i, passing] of kinds.entries()) {
          failure = failedAgain(failure, passing ? broken() : refused(), now)
          const wait = failure.until - now
          assert.equal(failure.tries, i + 1)
          assert.ok(wait >= 5_000 && wait <= (passing ? 600_000 : 3_600_000))
          assert.ok(wait >= Math.min(before, 600_000))
          before = wait
        }
      })
    )
  })
})
