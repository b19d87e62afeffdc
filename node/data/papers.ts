import { digest } from '../../protocol/crypto/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { Book } from './book/index.ts'
import type { DataDeps } from './deps.ts'
import type { Reason } from './storage/holdings.ts'
import type { Holdings } from './storage/index.ts'
import type { DataService, FileReason } from './types.ts'

const reasonOf = (reason: Reason): FileReason => {
  const [kind, id] = reason.split('/')
  return (kind === 'contribution' || kind === 'questions') && id !== undefined
    ? { kind, id: id as Hex }
    : { kind: 'other' }
}

/** For whoever wants to see what was signed: nothing is made here, and nothing said. */
export function createPapers(
  { network }: Pick<DataDeps, 'network'>,
  book: Book,
  holdings: Pick<Holdings, 'reasons'>
): Pick<DataService, 'papers' | 'votedOn' | 'voteIds' | 'document' | 'heldFor'> {
  return {
    async papers(contribution) {
      const record = await book.contribution(contribution)
      if (record === undefined) return undefined
      const { state, datanet } = record
      const statements = 'statements' in state ? state.statements : undefined
      const certificate = 'certificate' in state ? state.certificate : undefined
      const { commits, votes } = await book.ballot(contribution)
      const all = new Map(
        [...votes, ...(certificate?.votes ?? [])].map(vote => [digest(network, 'Vote', vote.message), vote] as const)
      )
      return {
        contribution,
        datanet,
        commitment: statements?.commitment,
        reveal: statements?.reveal,
        commits,
        votes: [...all.values()],
        certificate
      }
    },
    votedOn: vote => book.votedOn(vote),
    voteIds: beginning => book.voteIds(beginning),
    document: async datanet => (await book.datanet(datanet))?.document,
    heldFor: async cid => (await holdings.reasons(cid)).map(reasonOf)
  }
}
