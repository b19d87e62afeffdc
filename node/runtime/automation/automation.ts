import { z } from 'zod'
import { anySignal } from '../../../protocol/primitives/index.ts'
import type { Store } from '../../store/types.ts'
import { createCache } from '../cache.ts'
import { counter } from '../metrics.ts'
import type { Metrics } from '../metrics.ts'
import type { Clock, Events, Log } from '../types.ts'
import { failedAgain } from './backoff.ts'
import type { Failure } from './backoff.ts'
import { automationNames } from './types.ts'
import type {
  Automation,
  AutomationEvents,
  AutomationName,
  Automations,
  AutomationSpec,
  AutomationView,
  Due,
  StepView,
  Waiting
} from './types.ts'

/** Failures remembered, and what is shown of what will be done next. */
const mostFailures = 1_000
const mostShown = 20
/** How long a stop waits for a step under way: what it leaves half done is begun again at the next start. */
const patienceMs = 3_000

export const stepRecord = z.strictObject({
  about: z.string(),
  what: z.string(),
  at: z.number(),
  failed: z.string().nullable()
})

export interface AutomationsDeps {
  readonly clock: Clock
  readonly log: Log
  readonly events: Pick<Events<AutomationEvents>, 'emit'>
  readonly store: Pick<Store, 'collection'>
  readonly metrics?: Metrics
}

/** The one machine under all that a node does by itself: rounds, waits after failures, the log, the bus and views. */
export function createAutomations(deps: AutomationsDeps): Automations {
  const lasts = deps.store.collection('automation/last', stepRecord)
  const all = new Map<AutomationName, { view(): AutomationView }>()
  const steps =
    deps.metrics &&
    counter(deps.metrics, 'tilth_automation_steps_total', 'What the node did by itself, and what failed', [
      'automation',
      'outcome'
    ])

  function add(spec: AutomationSpec): Automation {
    const { clock, events } = deps
    const log = deps.log.child({ automation: spec.name })
    const failures = createCache<string, Failure>({ max: mostFailures, clock })
    let next: AutomationView['next'] = []
    let last: StepView | null = null
    let life = new AbortController()
    let nap = new AbortController()
    let awake = false
    let looping: Promise<void> | undefined

    function say(step: StepView): void {
      last = step
      steps?.inc({ automation: spec.name, outcome: step.failed === null ? 'done' : 'failed' })
      events.emit('automation.step', { automation: spec.name, ...step })
      lasts.put(spec.name, step).catch((error: unknown) => {
        log.warn('what was done last was not kept', { error })
      })
    }

    async function carryOut({ about, what, run }: Due): Promise<Omit<Waiting, 'due'> | undefined> {
      const key = `${about}\n${what}`
      const before = failures.get(key)
      if (before !== undefined && before.until > clock.now()) return waitOf(about, what, before)
      try {
        const done = await run(life.signal)
        failures.delete(key)
        log.info(done, { about })
        say({ about, what: done, at: clock.now(), failed: null })
        return undefined
      } catch (error) {
        if (life.signal.aborted) return undefined
        const failure = failedAgain(before, error, clock.now())
        failures.set(key, failure)
        log.info(`not done: ${what}`, { about, tries: failure.tries, error })
        say({ about, what, at: clock.now(), failed: failure.why })
        return waitOf(about, what, failure)
      }
    }

    async function round(): Promise<void> {
      const seen: Omit<Waiting, 'due'>[] = []
      const show = (one: Omit<Waiting, 'due'> | undefined): void => {
        if (one !== undefined && seen.length < mostShown) seen.push(one)
      }
      for await (const plan of spec.plans()) {
        if (life.signal.aborted) return
        show(plan.due ? await carryOut(plan) : { about: plan.about, what: plan.what, why: plan.why, at: plan.at })
      }
      next = seen.sort((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity))
    }

    async function loop(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        awake = false
        await round().catch((error: unknown) => {
          if (!signal.aborted) log.warn('what is to be done could not be looked at', { error })
        })
        if (awake) continue
        nap = new AbortController()
        // Woken or stopped: a sleep ends early for no other reason.
        await clock.sleep(spec.everyMs, anySignal([signal, nap.signal])).catch(() => undefined)
      }
    }

    const automation: Automation = {
      start() {
        void lasts.get(spec.name).then(
          known => {
            last ??= known ?? null
          },
          (error: unknown) => {
            log.warn('what was done last could not be read', { error })
          }
        )
        if (!spec.on || looping !== undefined) return
        life = new AbortController()
        looping = loop(life.signal)
      },
      async stop() {
        life.abort()
        const patience = new AbortController()
        const enough = clock.sleep(patienceMs, patience.signal).catch(() => undefined)
        await Promise.race([looping, enough])
        patience.abort()
        looping = undefined
      },
      wake() {
        awake = true
        nap.abort()
      },
      did({ about, what }) {
        log.info(what, { about })
        say({ about, what, at: clock.now(), failed: null })
      }
    }
    all.set(spec.name, { view: () => ({ name: spec.name, on: spec.on, next, last }) })
    return automation
  }

  return {
    add,
    views: () => automationNames.flatMap(name => all.get(name)?.view() ?? [])
  }
}

const waitOf = (about: string, what: string, { tries, until, why }: Failure): Omit<Waiting, 'due'> => ({
  about,
  what,
  why: `tried ${tries === 1 ? 'once' : `${tries} times`}: ${why}`,
  at: until
})
