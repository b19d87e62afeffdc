// How often an audit finds a leap inside one segment, and what its runs cost, by how many segments are drawn, from the
// draw itself: node test/bench/audited.ts
// What was trained on other rows throughout, or not at all, is found by any segment of it. A leap is honest training
// but for one segment of the deployed adapter, and of each sibling that is to go along with it.
import { auditorsEach } from '../../protocol/contracts/index.ts'
import { drawSegments, mostSegments } from '../../protocol/jobs/index.ts'
import { keccak } from '../../protocol/primitives/index.ts'

const draws = 20_000
/** Steps of a training with as many segments as there may be. */
const steps = 400

interface Case {
  readonly name: string
  readonly adapters: number
  /** Adapters that leap, in the third of their segments: the deployed one is the last. */
  readonly leaps: (adapter: number, adapters: number) => boolean
}
const deployed = (adapter: number, adapters: number): boolean => adapter === adapters
const cases: readonly Case[] = [
  { name: 'the deployed one of 7', adapters: 7, leaps: deployed },
  { name: 'it and half of 6 siblings', adapters: 7, leaps: (a, n) => deployed(a, n) || a % 2 === 0 },
  { name: 'it and half of 14 siblings', adapters: 15, leaps: (a, n) => deployed(a, n) || a % 2 === 0 },
  { name: 'it and half of 30 siblings', adapters: 31, leaps: (a, n) => deployed(a, n) || a % 2 === 0 },
  { name: 'one of 30 siblings alone', adapters: 31, leaps: a => a === 5 }
]

/** Part of the audits of so many segments that draw one that leaps. */
function found({ adapters, leaps }: Case, count: number): number {
  const trained = [null, ...Array.from({ length: adapters }, () => steps)]
  let hits = 0
  for (let i = 0; i < draws; i++)
    if (
      drawSegments(keccak(`audit ${i}`), trained, count).some(
        one => one.segment === 2 && leaps(one.coalition, adapters)
      )
    )
      hits++
  return hits / draws
}

/**
 * What all runs cost, in trainings of the deployed adapter: siblings learn half of its rows on average, so the first
 * segment, which is its own, counts whole and of the others those that are not.
 */
function cost({ adapters }: Case, count: number): number {
  const trained = [null, ...Array.from({ length: adapters }, () => steps)]
  let sum = 0
  for (let i = 0; i < draws / 10; i++)
    for (const { coalition } of drawSegments(keccak(`audit ${i}`), trained, count))
      sum += (deployed(coalition, adapters) ? 1 : 0.5) / mostSegments
  return (auditorsEach * sum) / (draws / 10)
}

const counts = [1, 2, 4, 6, 8, 12, 16]
console.log(`segments                    ${counts.map(count => String(count).padStart(7)).join('')}`)
for (const one of cases)
  console.log(
    `${one.name.padEnd(28)}${counts.map(count => `${(100 * found(one, count)).toFixed(0)} %`.padStart(7)).join('')}`
  )
for (const one of [cases[0], cases[3]])
  if (one !== undefined) {
    const whole = 1 + (one.adapters - 1) / 2
    const each = counts.map(count => cost(one, count))
    const row = (name: string, values: readonly string[]): void => {
      console.log(`${name.padEnd(28)}${values.map(value => value.padStart(7)).join('')}`)
    }
    row(
      `cost, ${one.adapters} adapters`,
      each.map(value => value.toFixed(2))
    )
    row(
      '  of training all of them',
      each.map(value => `${((100 * value) / whole).toFixed(0)} %`)
    )
  }

/** Other draws at about the same cost: how many runs each segment has, and how many segments are the deployed one's. */
const others = [
  { name: '4 segments, 3 runs (now)', segments: 4, runs: 3, own: 1 },
  { name: '4, two of the deployed', segments: 4, runs: 3, own: 2 },
  { name: '6 segments, 2 runs', segments: 6, runs: 2, own: 1 },
  { name: '12 segments, 1 run', segments: 12, runs: 1, own: 1 }
] as const

/** As `drawSegments`, with more of the deployed adapter's first. */
function drawnWith(
  seed: string,
  adapters: number,
  count: number,
  own: number
): { coalition: number; segment: number }[] {
  const trained = (n: number): (number | null)[] => [null, ...Array.from({ length: n }, () => steps)]
  if (own === 1) return drawSegments(keccak(seed), trained(adapters), count)
  const deployedOnes = drawSegments(keccak(`${seed} own`), trained(1), own)
  const rest = drawSegments(keccak(`${seed} rest`), trained(adapters - 1), count - own)
  return [...deployedOnes.map(one => ({ ...one, coalition: adapters })), ...rest]
}

console.log('')
console.log(`at about the same cost      ${cases.map((_, i) => `case ${i + 1}`.padStart(7)).join('')}   cost`)
for (const { name, segments, runs, own } of others) {
  const parts = cases.map(({ adapters, leaps }) => {
    let hits = 0
    for (let i = 0; i < draws / 4; i++)
      if (drawnWith(`audit ${i}`, adapters, segments, own).some(s => s.segment === 2 && leaps(s.coalition, adapters)))
        hits++
    return (400 * hits) / draws
  })
  const { adapters } = cases[0]!
  const all = Array.from({ length: draws / 20 }, (_, i) => drawnWith(`audit ${i}`, adapters, segments, own)).flat()
  const each = all.reduce((sum, s) => sum + (deployed(s.coalition, adapters) ? 1 : 0.5) / mostSegments, 0)
  console.log(
    `${name.padEnd(28)}${parts.map(part => `${part.toFixed(0)} %`.padStart(7)).join('')}` +
      ((runs * 20 * each) / draws).toFixed(2).padStart(7)
  )
}
