import { sequenceKey } from '../../store/index.ts'
import type { Apply } from './draft.ts'
import { placeOf } from './records.ts'
import { total } from './totals.ts'

/** Datanets, the order of authorship in them, and their versions. */
export const applyDatanets = {
  async DatanetCreated(event, draft, tables) {
    const { datanets, datanetOrder } = tables
    const { datanet: id, host, rules, createdAt, validators, block } = event
    await draft.put(datanets, id, { id, host, rules, createdAt, validators, commitments: 0n, version: 0, block })
    await draft.put(datanetOrder, placeOf(event), id)
    await total({ datanets: 1n }, draft, tables)
  },
  async Committed(event, draft, tables) {
    const { datanets, commitments, authorship } = tables
    const { contribution: id, datanet, contributor, commitment, index, block, transaction } = event
    const known = await draft.get(datanets, datanet)
    await draft.put(commitments, id, { id, datanet, contributor, commitment, index, block, transaction })
    await draft.put(authorship, `${datanet}/${sequenceKey(index)}`, id)
    await total({ commitments: 1n }, draft, tables)
    if (known === undefined) return `Datanet ${datanet} was never created`
    await draft.put(datanets, datanet, { ...known, commitments: index })
    return index === known.commitments + 1n
      ? undefined
      : `commitment ${known.commitments + 1n} of ${datanet} is missing`
  },
  async VersionAnchored({ datanet, version, root, count, cid, block, transaction }, draft, tables) {
    const { datanets, versions } = tables
    const known = await draft.get(datanets, datanet)
    await draft.put(versions, `${datanet}/${sequenceKey(version)}`, {
      datanet,
      version,
      root,
      count,
      cid,
      block,
      transaction
    })
    await total({ versions: 1n }, draft, tables)
    if (known === undefined) return `Datanet ${datanet} was never created`
    await draft.put(datanets, datanet, { ...known, version })
  },
  /** The stake it cost is told by Slashed, just before and in the same transaction. */
  async DoubleVote({ contribution, validator, transaction }, draft, { nodes, slashes }) {
    const place = (await draft.get(nodes, validator))?.slashed ?? undefined
    const slash = place === undefined ? undefined : await draft.get(slashes, place)
    if (place === undefined || slash?.transaction !== transaction) return `a slash of ${validator} is missing`
    await draft.put(slashes, place, { ...slash, contribution })
  }
} as const satisfies { [N in 'DatanetCreated' | 'Committed' | 'VersionAnchored' | 'DoubleVote']: Apply<N> }
