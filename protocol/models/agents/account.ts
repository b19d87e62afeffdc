import { InvalidError } from '../../primitives/errors.ts'
import { exactTokenText } from '../../primitives/tokens.ts'
import { feeOf } from '../fee.ts'
import type { Prices } from '../fee.ts'
import type { AgentManifest, AgentStep } from './manifest.ts'
import { passedOn } from './manifest.ts'
import { bytesIn, checkFits, mostBytesOf } from './template.ts'

// What an agent may cost is held as one sum before its first step is asked. Each step may take of it what leaves the
// steps after it, and the agent's own fee, what they cost at least.

interface Given {
  readonly input: string
  readonly conversation: string
}

/** What each step is asked, in order, and how long at most each of its places is by some measure of texts. */
function* asked(
  steps: readonly AgentStep[],
  given: Given,
  lengthOf: (text: string) => number
): Generator<{ readonly templates: readonly string[]; readonly most: (place: string) => number }> {
  const [input, conversation] = [lengthOf(given.input), lengthOf(given.conversation)]
  const passed = new Map<string, number>()
  for (const step of steps) {
    const before = new Map(passed)
    const most = (place: string): number =>
      place === 'input'
        ? input
        : place === 'conversation'
          ? conversation
          : place === 'previous'
            ? Math.max(0, ...before.values())
            : (before.get(place) ?? 0)
    yield { templates: step.system === undefined ? [step.prompt] : [step.system, step.prompt], most }
    passed.set(step.name, passedOn(step))
  }
}

/** Most prompt tokens of each step, in order, whatever the steps before it say. */
export const mostInputOf = ({ steps }: Pick<AgentManifest, 'steps'>, given: Given): number[] =>
  [...asked(steps, given, bytesIn)].map(({ templates, most }) =>
    templates.reduce((sum, template) => sum + mostBytesOf(template, most) + 64, 64)
  )

/**
 * [reject] No step is paid where a later one might be asked more than a message may have: what is passed on has no more
 * characters than bytes.
 * @throws InvalidError `agent.long`
 */
export function checkSteps({ steps }: Pick<AgentManifest, 'steps'>, given: Given): void {
  for (const { templates, most } of asked(steps, given, text => text.length))
    for (const template of templates) checkFits(template, most)
}

/** What a step costs: at least if all goes well, and at most if two workers come to be asked for it. */
export interface StepCost {
  readonly least: bigint
  readonly most: bigint
}

/** By the offers that may be asked. @param offers one at least */
export function costOf(
  { maxTokens }: Pick<AgentStep, 'maxTokens'>,
  inputTokens: number,
  offers: readonly Prices[]
): StepCost {
  const once = offers.map(offer => feeOf(offer, inputTokens, maxTokens))
  const dearest = (prices: readonly bigint[]): bigint => prices.reduce((high, one) => (one > high ? one : high), 0n)
  const prices: Prices = {
    inputPrice: dearest(offers.map(({ inputPrice }) => inputPrice)),
    outputPrice: dearest(offers.map(({ outputPrice }) => outputPrice))
  }
  return {
    least: once.reduce((low, fee) => (fee < low ? fee : low), once[0] ?? 0n),
    // One that went away without a receipt counts with all that it may be owed, and so does one that is asked beside
    // it. Who goes on for another reads the prompt once more, and what was answered until then.
    most: 2n * feeOf(prices, inputTokens + maxTokens, maxTokens)
  }
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, one) => total + one, 0n)

/** An agent's money, from before its first step to its end. */
export class AgentAccount {
  readonly #costs: readonly StepCost[]
  readonly #fee: bigint
  /** The most that it comes to, all told. */
  readonly held: bigint
  #spent = 0n

  /**
   * @param allowed the most that it may cost; undefined: as much as there is
   * @throws InvalidError `agent.price`
   */
  constructor(costs: readonly StepCost[], fee: bigint, allowed: bigint | undefined) {
    const least = sum(costs.map(one => one.least)) + fee
    // [reject] Nothing is asked where the sum of it could come to more than is allowed.
    if (allowed !== undefined && least > allowed)
      throw new InvalidError(
        'agent.price',
        `the steps and the fee of it may cost ${exactTokenText(least)} tokens, ` +
          `more than the ${exactTokenText(allowed)} that it is allowed`,
        { help: 'Ask with less, or allow more (--max-price).', details: { least, most: allowed } }
      )
    const most = sum(costs.map(one => one.most)) + fee
    this.#costs = costs
    this.#fee = fee
    this.held = allowed !== undefined && allowed < most ? allowed : most
  }

  get spent(): bigint {
    return this.#spent
  }

  /** The most that a step may cost, so that all after it can be paid. */
  capOf(step: number): bigint {
    const later = sum(this.#costs.slice(step + 1).map(one => one.least)) + this.#fee
    return this.held - this.#spent - later
  }

  /** @throws RangeError beyond what is held: nothing may have been promised so */
  spend(amount: bigint): void {
    if (amount < 0n || this.#spent + amount > this.held) throw new RangeError('more than was held for it')
    this.#spent += amount
  }
}
