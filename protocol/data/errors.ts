import { TilthError } from '../primitives/errors.ts'
import type { Consequence, TilthErrorOptions } from '../primitives/errors.ts'

/**
 * What a message of this phase can be found to be, with what it means for whoever brought it. *Reject* stands only
 * where the message itself is wrong, or contradicts what its own ids are hashes of (a contribution's id holds its
 * Datanet, a Datanet's id its rules and so its roster): everybody who checks it finds the same, so nobody honest passes
 * it on. What depends on what a peer has seen, on the order it saw it in, on its clock or on how far its chain is, is
 * *ignored*.
 */
export const dataCodes = {
  'commitment.mismatch': 'reject', // the reveal's own content does not hash to its own commitment
  'reveal.cid': 'reject', // its text is no CID
  'reveal.sealed': 'reject', // its own salt is other keys' hash, or the Datanet's rules ask for keys or forbid them
  'datanet.rules': 'reject', // its rules do not hash to what its host signed
  'datanet.mix': 'reject', // its rules say that it takes no contributions
  'datanet.topic': 'reject', // it belongs to another Datanet than the topic it is said in
  'vote.reason': 'reject', // its own salt is another reason's hash
  'vote.not-validator': 'reject', // the roster is fixed by the Datanet's id
  'certificate.votes': 'reject', // votes on something else, or a validator twice
  'certificate.quorum': 'reject', // its own votes do not weigh enough
  'certificate.statements': 'reject', // it encloses another contribution's statements
  'certificate.bond': 'ignore', // what is locked with its contribution may not be known here yet
  'certificate.allowance': 'ignore', // what came before its contribution may not be known here, or there
  'removal.not-author': 'reject', // a contribution's id holds its contributor
  'removal.grounds': 'reject', // its own statement holds another hash
  'removal.roster': 'ignore', // the chain may be further there
  'contribution.unknown': 'ignore', // the chain may be further there
  'datanet.unknown': 'ignore', // likewise
  'datanet.roster': 'ignore', // what the chain holds is in nobody's message
  'reveal.late': 'ignore', // by this peer's clock
  'vote.late': 'ignore', // likewise
  'vote.commit-twice': 'ignore', // the first that was heard here may be the second elsewhere
  'vote.mismatch': 'ignore', // likewise: it may open the other commitment
  'vote.double': 'ignore', // the evidence is kept already
  'message.known': 'ignore' // heard before: it is not passed on again
} as const satisfies Record<string, Consequence>
export type DataCode = keyof typeof dataCodes

/** A message of this phase was not taken; the table gives the consequence, never the place that throws. */
export class DataError extends TilthError {
  declare readonly code: DataCode
  constructor(code: DataCode, message: string, options: Omit<TilthErrorOptions, 'consequence'> = {}) {
    super(code, message, { ...options, consequence: dataCodes[code] })
  }
}
