import type { Node } from '../../../../node/node.ts'
import { everyItem } from '../../../../protocol/primitives/index.ts'
import type { FileView } from '../../contract/index.ts'
import { shortId } from '../earnings/names.ts'

type Parts = Pick<Node, 'data' | 'jobs' | 'models' | 'payouts' | 'chain' | 'transport'>
type Named = FileView['named'][number]

/** Datanets, and versions and epochs of each, that are looked through for one file: the newest. */
const mostDatanets = 500
const mostOfEach = 200
/** Names that are shown. */
const mostShown = 50

async function inData({ data, chain }: Parts, cid: string): Promise<Named[]> {
  const found: Named[] = []
  for (const reason of await data.heldFor(cid))
    if (reason.kind === 'contribution')
      found.push({ kind: 'contribution', id: reason.id, name: shortId(reason.id), as: 'the rows of a contribution' })
  let looked = 0
  for await (const { id, rules } of everyItem(page => data.datanets(page))) {
    if (looked++ >= mostDatanets) break
    if (rules.heldOut === cid) found.push({ kind: 'datanet', id, name: rules.name, as: 'its held-out questions' })
    const versions = await chain.ledger.versions(id, { limit: mostOfEach, reverse: true })
    for (const { version, cid: manifest } of versions.items)
      if (manifest === cid)
        found.push({ kind: 'version', id, number: version, name: rules.name, as: `the list of version ${version}` })
    const epochs = await chain.ledger.proposals(id, { limit: mostOfEach, reverse: true })
    for (const { epoch, bundle } of epochs.items)
      if (bundle === cid)
        found.push({ kind: 'epoch', id, number: epoch, name: rules.name, as: `all of epoch ${epoch}` })
  }
  return found
}

function inJobs({ jobs }: Parts, cid: string): Named[] {
  return jobs.jobs().flatMap(({ id, base, spec, result, adapter }): Named[] => {
    const as =
      base === cid
        ? 'the base model that it tunes'
        : spec.manifest === cid
          ? 'the version that it learns'
          : result === cid
            ? 'its result'
            : adapter === cid
              ? 'its adapter'
              : undefined
    const delivered = jobs.papers(id)?.deliveries.some(({ message }) => message.cid === cid) === true
    return as === undefined && !delivered
      ? []
      : [{ kind: 'job', id, name: shortId(id), as: as ?? 'what was delivered' }]
  })
}

function inModels({ models }: Parts, cid: string): Named[] {
  return models.models().flatMap(({ id, name, base, adapter, result }): Named[] => {
    const as =
      base === cid ? 'its base model' : adapter === cid ? 'its adapter' : result === cid ? 'its result' : undefined
    return as === undefined ? [] : [{ kind: 'model', id, name, as }]
  })
}

/** What names a file, as far as this node knows. */
export async function fileNamed(parts: Parts, cid: string): Promise<FileView> {
  const named = [...inModels(parts, cid), ...inJobs(parts, cid), ...(await inData(parts, cid))]
  const reasons = await parts.data.heldFor(cid)
  return { cid, held: reasons.length > 0 || (await parts.transport.files.has(cid)), named: named.slice(0, mostShown) }
}
