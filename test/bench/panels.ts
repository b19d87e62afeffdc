// How often a forged training is certified by friends of its builder's that hold a part of a pool's seats under other
// names, by the draw's own rules: node test/bench/panels.ts
// A forged training agrees with nothing: whoever of a segment's auditors is no friend finds that.
import { auditorsEach } from '../../protocol/contracts/index.ts'
import { usualAuditedSegments } from '../../protocol/data/index.ts'

const panelSize = 9
/** A validator looks at one audit in so many, by its own chance. */
const looksAt = 4
const rounds = 8
const trials = 10_000

function choose(n: number, k: number): number {
  let product = 1
  for (let i = 0; i < k; i++) product *= Math.max(0, n - i) / (i + 1)
  return product
}

/** Chances that a panel of so many seats holds so many friends. */
function panels(seats: number, friends: number): number[] {
  const size = Math.min(panelSize, seats)
  return Array.from(
    { length: size + 1 },
    (_, k) => (choose(friends, k) * choose(seats - friends, size - k)) / choose(seats, size)
  )
}

/** That every auditor of every segment is a friend. */
const certified = (friends: number, size: number, segments: number): number =>
  (choose(friends, Math.min(auditorsEach, size)) / choose(size, Math.min(auditorsEach, size))) ** segments

/** That fewer than a third of the panel have found that it is wrong: then it is not refused, and drawn again. */
function lapses(friends: number, size: number, segments: number): number {
  let count = 0
  for (let t = 0; t < trials; t++) {
    const against = new Set<number>()
    for (let s = 0; s < segments; s++) {
      const who = Array.from({ length: size }, (_, i) => i)
      for (let e = 0; e < Math.min(auditorsEach, size); e++) {
        const [one = 0] = who.splice(Math.floor(Math.random() * who.length), 1)
        if (one >= friends) against.add(one)
      }
    }
    if (against.size > 0 && 3 * against.size < size) count++
  }
  return count / trials
}

/** In one round, and in as many as there are while none refuses it. */
function passes(seats: number, friends: number, segments: number): { once: number; ever: number } {
  const size = Math.min(panelSize, seats)
  let [once, again] = [0, 0]
  for (const [k, chance] of panels(seats, friends).entries()) {
    if (chance === 0) continue
    once += chance * certified(k, size, segments)
    again += chance * lapses(k, size, segments)
  }
  let [ever, reach] = [0, 1]
  for (let i = 0; i < rounds; i++) {
    ever += reach * once
    reach *= again
  }
  return { once, ever }
}

/** That a certificate stands though so many honest validators look by chance, each at one audit in four. */
const unseen = (validators: number): number => (1 - 1 / looksAt) ** validators

const percent = (x: number): string =>
  x === 0 ? '0' : `${x < 0.0001 ? (100 * x).toExponential(0) : Number((100 * x).toPrecision(2))} %`
const row = (cells: readonly string[]): void => {
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(20) : cell.padStart(11))).join(''))
}
for (const segments of [usualAuditedSegments, 2 * usualAuditedSegments]) {
  console.log(`${segments} segments`)
  row(['friends of seats', 'one round', 'eight', '3 validators', '7', '15'])
  for (const seats of [9, 30, 300])
    for (const part of [1 / 9, 1 / 3, 1 / 2, 2 / 3, 8 / 9]) {
      const friends = Math.round(seats * part)
      const { once, ever } = passes(seats, friends, segments)
      row([`${friends} of ${seats}`, percent(once), percent(ever), ...[3, 7, 15].map(v => percent(ever * unseen(v)))])
    }
}
