import type { Lot } from './lots.ts'

const workOf = ({ siblings }: Lot): number => siblings.reduce((sum, { rows }) => sum + rows.length, 0)

/** How long training will still take, by what this process has trained so far. */
export class Pace {
  readonly #all: number
  readonly #lots: number
  readonly #started = performance.now()
  #done = 0
  #work = 0

  /** @param lots that are not trained yet */
  constructor(lots: readonly Lot[]) {
    this.#lots = lots.length
    this.#all = lots.reduce((sum, lot) => sum + workOf(lot), 0)
  }

  trained(lot: Lot): void {
    this.#done += 1
    this.#work += workOf(lot)
  }

  left(): { done: number; of: number; secondsLeft: number | null } {
    const seconds = (performance.now() - this.#started) / 1000
    const secondsLeft = this.#work === 0 ? null : Math.round((seconds / this.#work) * (this.#all - this.#work))
    return { done: this.#done, of: this.#lots, secondsLeft }
  }
}
