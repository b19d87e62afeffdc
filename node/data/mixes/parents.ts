import { checkMixRules } from '../../../protocol/data/index.ts'
import type { DatanetDocument, Parent, Row, SieveParent } from '../../../protocol/data/index.ts'
import { InvalidError, TilthError, contentHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { DatanetRecord } from '../../chain/types.ts'
import { createCache } from '../../runtime/index.ts'
import type { DataDeps } from '../deps.ts'
import { createTerms } from '../terms/terms.ts'
import type { Shards } from '../validator/index.ts'

/** Mixes whose rules were looked at, in memory. */
const kept = 64

/** What a mix is made of, as the chain and its parents' own rules say. */
export interface Parents {
  /**
   * Of a mix: that its rules follow from its parents.
   * @throws InvalidError `mix.*` · TilthError `mix.early` before the chain has told of it here · NotFoundError
   * `datanet.unknown`
   */
  check(mix: Hex): Promise<void>
  /**
   * Datanets that are to be mixed, with who sits there now.
   * @throws NotFoundError `datanet.unknown` · InvalidError `version.empty`
   */
  sitting(datanets: readonly Hex[]): Promise<Parent[]>
  /** Their held-out questions, as each parent's own rules name them. @throws as files.fetchBytes */
  questions(datanets: readonly Hex[]): Promise<SieveParent[]>
}

/** The questions of all parents, each once: what a model of a mix is measured by. */
export function questionsOf(parents: readonly SieveParent[]): Row[] {
  const all = new Map(parents.flatMap(({ heldOut }) => heldOut.rows.map(row => [JSON.stringify(row), row] as const)))
  return [...all.values()]
}

export function createParents(
  { chain: { ledger } }: Pick<DataDeps, 'chain'>,
  shards: Pick<Shards, 'heldOut'>,
  document: (datanet: Hex) => Promise<DatanetDocument>
): Parents {
  const checked = createCache<Hex, true>({ max: kept })
  const terms = createTerms({ ledger })

  const rosterOf = (members: DatanetRecord['validators']): Parent['roster'] =>
    members.map(({ address, weight }) => ({ address, weight: Number(weight) }))

  /** As the chain has it: the state of its block says who sat in a mix's parents when it was founded. */
  async function onChain(mix: Hex): Promise<DatanetRecord> {
    const known = (await ledger.datanet(mix)) ?? (await ledger.caughtUp().then(() => ledger.datanet(mix)))
    if (known === undefined)
      throw new TilthError('mix.early', 'the chain has not told here yet of the mix', {
        help: 'Try again in a moment.'
      })
    return known
  }

  /** @param block at whose end its rules and validators are meant; those of now without one */
  async function parentOf(id: Hex, block?: bigint): Promise<Parent> {
    const members = block === undefined ? (await ledger.datanet(id))?.validators : await ledger.rosterAt(id, block)
    // [reject] A parent is on chain before what is made of it.
    if (members === undefined) throw new InvalidError('mix.parents', `${id} was not on chain when the mix was founded`)
    const net = await document(id)
    const number = block === undefined ? (await ledger.datanet(id))?.rulesNumber : await ledger.rulesAt(id, block)
    const { rules } = await terms.numbered(id, number ?? 1, net)
    const licence = await terms.licence(id, number ?? 1, net)
    return { id, rules: { ...rules, licence }, roster: rosterOf(members) }
  }

  return {
    async check(mix) {
      if (checked.get(mix) === true) return
      const { rules } = await document(mix)
      const { block, founders } = await onChain(mix)
      // [reject] Those whose votes count on chain are those of its rules.
      if (contentHash(rosterOf(founders)) !== contentHash(rules.validators))
        throw new InvalidError('mix.roster', 'the validators of the mix on chain are not those of its rules')
      const parents: Parent[] = []
      for (const id of rules.parents ?? []) parents.push(await parentOf(id, block))
      checkMixRules(rules, parents)
      checked.set(mix, true)
    },
    async sitting(datanets) {
      await ledger.caughtUp()
      const parents: Parent[] = []
      for (const id of datanets) {
        const there = await ledger.datanet(id)
        const parent = await parentOf(id)
        // [reject] There is something of each to mix.
        if (there?.version === 0)
          throw new InvalidError('version.empty', `${parent.rules.name} has no version yet: there is nothing to mix`, {
            help: `Its host anchors what was accepted with: tilth datanet anchor ${parent.rules.name}`
          })
        parents.push(parent)
      }
      return parents
    },
    async questions(datanets) {
      const parents: SieveParent[] = []
      for (const id of datanets) {
        await document(id)
        parents.push({ id, heldOut: await shards.heldOut(id) })
      }
      return parents
    }
  }
}
