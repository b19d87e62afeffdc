import { inspect } from 'node:util'
import fc from 'fast-check'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Case, Target } from './target.ts'

/** Milliseconds of the node's main thread that one input may take. */
export const mostMs = 50
/** A case that took too long is tried so many times more: what else the machine does, and the compiler, is no fault. */
const triedAgain = 4

/** What was found of a target by the cases of one seed. */
export interface Found {
  readonly name: string
  readonly cases: number
  readonly taken: number
  readonly refused: number
  /** The longest case, in milliseconds of this thread's processor time. */
  readonly slowest: number
  /** What went wrong, and by which input. */
  readonly fault?: string
}

/** Milliseconds of processor time that this thread has used. */
const used = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

class HostileFault extends Error {}

/** One case: true where it was taken, false where it was refused as it should be. @throws HostileFault */
async function tried(target: Target, { isGood, input }: Case): Promise<boolean> {
  try {
    await target.read(input)
    return true
  } catch (error) {
    if (!(error instanceof TilthError))
      throw new HostileFault(`not a typed error came out: ${inspect(error, { depth: 2 }).slice(0, 1500)}`)
    if (isGood && target.takesGood !== false)
      throw new HostileFault(`what is good was refused as ${error.code}: ${error.message.slice(0, 300)}`)
    return false
  }
}

async function timeOf(target: Target, one: Case): Promise<{ ms: number; isTaken: boolean }> {
  const before = used()
  const isTaken = await tried(target, one)
  return { ms: used() - before, isTaken }
}

/** So many cases of a target; the same for the same seed. `onCase` hears of each before it begins. */
export async function attack(
  target: Target,
  { seed, cases, onCase = () => undefined }: { seed: number; cases: number; onCase?: () => void }
): Promise<Found> {
  const most = target.mostMs ?? mostMs
  /** What takes too long is not made smaller: each smaller one would be measured as long. */
  let tooLong = false
  const counts = { cases: 0, taken: 0, refused: 0, slowest: 0 }
  const end = await target.begin?.()
  try {
    const property = fc.asyncProperty(target.cases, async one => {
      if (tooLong) return
      onCase()
      const first = await timeOf(target, one)
      let { ms } = first
      for (let again = 0; ms > most && again < triedAgain; again++) ms = Math.min(ms, (await timeOf(target, one)).ms)
      tooLong = ms > most
      if (tooLong) throw new HostileFault(`it took the thread for ${ms.toFixed(0)} ms, each time`)
      counts.cases++
      counts[first.isTaken ? 'taken' : 'refused']++
      counts.slowest = Math.max(counts.slowest, ms)
    })
    const { failed, counterexample, errorInstance } = await fc.check(property, { seed, numRuns: cases })
    if (!failed) return { name: target.name, ...counts }
    const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
    return { name: target.name, ...counts, fault: `${why}\nby ${shown(counterexample?.[0]?.input)}` }
  } finally {
    await end?.()
  }
}

/** An input as a person can put it into a test. */
const shown = (input: unknown): string =>
  input instanceof Uint8Array
    ? `bytes ${JSON.stringify(Buffer.from(input).toString('latin1')).slice(0, 3000)}`
    : inspect(input, { depth: 12, maxStringLength: 400, maxArrayLength: 40, breakLength: 120 }).slice(0, 4000)
