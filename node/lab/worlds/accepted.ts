import { HeldOut, ownRows, previewSteps, printRow, RowIndex } from '../../../protocol/data/index.ts'
import type { JudgedRules, Row, Verdict } from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Accepted, Contributor, Pair, World } from '../types.ts'

/** A Datanet's rules as they are unless its host says otherwise. */
const rules: JudgedRules = {
  maxRows: 10_000,
  maxBytes: 2 ** 24,
  uploadsPerContributor: 3,
  nearDuplicate: 500,
  minOwnShare: 500
}

export const rowOf = ({ prompt, response }: Pair): Row => ({
  messages: [
    { role: 'user', content: prompt },
    { role: 'assistant', content: response }
  ]
})

const fileOf = (rows: readonly Pair[]): Uint8Array =>
  new TextEncoder().encode(rows.map(row => `${JSON.stringify(row)}\n`).join(''))

/** What validators say of a contribution: their own checks, from its file to the rows that are taken. */
function judge(contributor: Contributor, order: number, earlier: RowIndex, heldOut: HeldOut): Verdict {
  const steps = previewSteps({ shard: fileOf(contributor.rows), rules, heldOut, earlier, order, uploads: 0 })
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value
}

/** A world's contributions through the validators' checks, in the order of authorship. */
export function acceptedOf(world: Pick<World, 'contributors' | 'heldOut'>): Accepted {
  const heldOut = new HeldOut(world.heldOut.map(rowOf))
  const earlier = new RowIndex(rules.nearDuplicate)
  const players: string[] = []
  const epochs: number[] = []
  const rows: Pair[] = []
  const owners: number[] = []
  const refused: { name: string; reason: string }[] = []
  for (const [i, contributor] of world.contributors.entries()) {
    const { name, epoch } = contributor
    const verdict = judge(contributor, i + 1, earlier, heldOut)
    if (!verdict.accept) {
      refused.push({ name, reason: verdict.reason ?? 'no rows' })
      continue
    }
    const contribution = keccak(name)
    for (const at of ownRows(verdict)) {
      const pair = contributor.rows[at]
      if (pair === undefined) continue
      earlier.add(printRow(rowOf(pair)), { contribution, order: i + 1, row: at })
      rows.push(pair)
      owners.push(players.length)
    }
    players.push(name)
    epochs.push(epoch)
  }
  return { players, epochs, rows, owners, refused }
}
