import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { attack } from './kit/run.ts'
import type { Found } from './kit/run.ts'
import { targets } from './targets/index.ts'

// The thread in which inputs are tried. Whoever started it sees by two numbers which target it is at and how many cases
// it has begun, and ends it when it stands still: what hangs cannot tell so itself.

export interface Work {
  readonly seed: number
  readonly cases: number
  readonly names: readonly string[]
  /** [place in `names`, cases begun] */
  readonly progress: SharedArrayBuffer
}
/** What was found of one target, and how many megabytes more the heap holds after it. */
export interface Report extends Found {
  readonly grown: number
}

/** Whoever started this thread. */
const tell = (report: Report): void => (parentPort as MessagePort).postMessage(report, [])

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
/** Until what the last cases left to the loop's next turns (a reply's streams) has had them. */
const turnsMs = 50
const heapMb = async (): Promise<number> => {
  await pause(turnsMs)
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}

const { seed, cases, names, progress } = workerData as Work
const at = new Int32Array(progress)
for (const [i, name] of names.entries()) {
  const target = targets.find(one => one.name === name)
  if (target === undefined) continue
  Atomics.store(at, 0, i)
  const before = await heapMb()
  const found = await attack(target, {
    seed,
    cases: Math.max(1, Math.ceil(cases / (target.weight ?? 1))),
    onCase: () => Atomics.add(at, 1, 1)
  })
  const report: Report = { ...found, grown: (await heapMb()) - before }
  tell(report)
}
