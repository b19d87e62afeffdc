import { zeroAddress } from '../../../protocol/primitives/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { Apply } from './draft.ts'
import { placeOf } from './records.ts'
import { total } from './totals.ts'
import { explainSlash } from './slashed.ts'

/** Datanets, the order of authorship in them, and their versions. */
export const applyDatanets = {
  async DatanetCreated(event, draft, tables) {
    const { datanets, datanetOrder, rosters } = tables
    const { datanet: id, host, rules, createdAt, validators, block } = event
    const first = { nextHost: null, rulesNumber: 1, announcement: null, roster: 1 }
    const fresh = { ...first, founders: validators, commitments: 0n, version: 0 }
    await draft.put(datanets, id, { id, host, rules, createdAt, validators, ...fresh, block })
    await draft.put(rosters, `${id}/${sequenceKey(1)}`, { validators: [...validators], seatedAs: 1, block })
    await draft.put(datanetOrder, placeOf(event), id)
    await total({ datanets: 1n }, draft, tables)
  },
  async RosterProposed(event, draft, { datanets, successions, successionsOf }) {
    const { succession: id, datanet, by, follows, silentAt, validators, block } = event
    const place = placeOf(event)
    const record = { id, datanet, by, follows, silentAt, validators, consent: 0n, against: 0n, spoke: [], block, place }
    await draft.put(successions, id, record)
    await draft.put(successionsOf, `${datanet}/${place}`, id)
    const known = await draft.get(datanets, datanet)
    if (known === undefined) return `Datanet ${datanet} was never created`
    if (silentAt !== 0n) await draft.put(datanets, datanet, { ...known, announcement: id })
  },
  async RosterSpoken({ succession, validator, consent, against }, draft, { successions }) {
    const known = await draft.get(successions, succession)
    if (known === undefined) return `the roster ${succession} was never put forward`
    await draft.put(successions, succession, { ...known, consent, against, spoke: [...known.spoke, validator] })
  },
  async RosterSeated({ datanet, roster, seatedAs, validators, block }, draft, { datanets, rosters }) {
    const known = await draft.get(datanets, datanet)
    await draft.put(rosters, `${datanet}/${sequenceKey(roster)}`, { validators: [...validators], seatedAs, block })
    if (known === undefined) return `Datanet ${datanet} was never created`
    await draft.put(datanets, datanet, { ...known, validators, roster })
    return roster === known.roster + 1 ? undefined : `roster ${known.roster + 1} of ${datanet} is missing`
  },
  async RulesProposed(event, draft, { amendments, amendmentsOf }) {
    const { amendment: id, datanet, by, number, roster, follows, text, block } = event
    const place = placeOf(event)
    const said = { consent: 0n, against: 0n, spoke: [] }
    await draft.put(amendments, id, { id, datanet, by, number, roster, follows, text, ...said, block, place })
    await draft.put(amendmentsOf, `${datanet}/${place}`, id)
  },
  async RulesSpoken({ amendment, validator, consent, against }, draft, { amendments }) {
    const known = await draft.get(amendments, amendment)
    if (known === undefined) return `the rules ${amendment} were never put forward`
    await draft.put(amendments, amendment, { ...known, consent, against, spoke: [...known.spoke, validator] })
  },
  async RulesSet({ datanet, number, amendment, rules: hash, block, transaction }, draft, tables) {
    const { amendments, datanets, rules } = tables
    const known = await draft.get(datanets, datanet)
    const text = (await draft.get(amendments, amendment))?.text
    const record = { number, rules: hash, text: text ?? '', amendment, block, transaction }
    await draft.put(rules, `${datanet}/${sequenceKey(number)}`, record)
    if (known === undefined) return `Datanet ${datanet} was never created`
    await draft.put(datanets, datanet, { ...known, rulesNumber: number })
    if (text === undefined) return `the rules ${amendment} were never put forward`
    return number === known.rulesNumber + 1 ? undefined : `rules ${known.rulesNumber + 1} of ${datanet} are missing`
  },
  async HostNamed({ datanet, next }, draft, { datanets }) {
    const known = await draft.get(datanets, datanet)
    if (known === undefined) return `Datanet ${datanet} was never created`
    await draft.put(datanets, datanet, { ...known, nextHost: next === zeroAddress ? null : next })
  },
  async HostChanged({ datanet, host }, draft, { datanets }) {
    const known = await draft.get(datanets, datanet)
    if (known === undefined) return `Datanet ${datanet} was never created`
    await draft.put(datanets, datanet, { ...known, host, nextHost: null, announcement: null })
  },
  async Committed(event, draft, tables) {
    const { datanets, commitments, authorship } = tables
    const { contribution: id, datanet, contributor, commitment, index, block, transaction } = event
    const known = await draft.get(datanets, datanet)
    const judged = { roster: known?.roster ?? 1, rules: known?.rulesNumber ?? 1 }
    await draft.put(commitments, id, { id, datanet, contributor, commitment, index, ...judged, block, transaction })
    await draft.put(authorship, `${datanet}/${sequenceKey(index)}`, id)
    await total({ commitments: 1n }, draft, tables)
    if (known === undefined) return `Datanet ${datanet} was never created`
    await draft.put(datanets, datanet, { ...known, commitments: index })
    return index === known.commitments + 1n
      ? undefined
      : `commitment ${known.commitments + 1n} of ${datanet} is missing`
  },
  async VersionAnchored({ datanet, version, root, count, cid, blockHash, block, transaction }, draft, tables) {
    const { datanets, draws, versions } = tables
    const draw = (await draft.get(draws, root)) ?? blockHash
    await draft.put(draws, root, draw)
    const known = await draft.get(datanets, datanet)
    await draft.put(versions, `${datanet}/${sequenceKey(version)}`, {
      datanet,
      version,
      root,
      count,
      cid,
      draw,
      roster: known?.roster ?? 1,
      block,
      transaction
    })
    await total({ versions: 1n }, draft, tables)
    if (known === undefined) return `Datanet ${datanet} was never created`
    await draft.put(datanets, datanet, { ...known, version })
  },
  async DoubleVote({ contribution, validator: node, slashed, transaction }, draft, tables) {
    if (slashed === 0n) return // it had nothing at stake, and lost its vote
    return explainSlash(draft, tables, { node, transaction }, { contribution, because: 'two-votes' })
  }
} as const satisfies {
  [
    N in
      | 'DatanetCreated'
      | 'RosterProposed'
      | 'RosterSpoken'
      | 'RosterSeated'
      | 'RulesProposed'
      | 'RulesSpoken'
      | 'RulesSet'
      | 'HostNamed'
      | 'HostChanged'
      | 'Committed'
      | 'VersionAnchored'
      | 'DoubleVote'
  ]: Apply<N>
}
