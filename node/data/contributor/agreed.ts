import { requireSigner } from '../../../protocol/crypto/index.ts'
import type { Message, Network, Signed } from '../../../protocol/crypto/index.ts'
import { bondTerms, rulesDifference } from '../../../protocol/data/index.ts'
import type { CommitmentTerms, DatanetDocument, PermitWanted } from '../../../protocol/data/index.ts'
import { InvalidError, exactTokenText } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { refusedWith } from '../../chain/index.ts'
import type { DataDeps } from '../deps.ts'
import { createTerms } from '../terms/terms.ts'

/** So long a signed commitment may be brought on chain: a day of a chain that is away, and no more. */
const commitmentSeconds = 86_400n

/** What commitments name besides their content, and whether that still holds when they are sent. */
export interface Agreed {
  /** What a commitment that is signed now has to name. */
  now(datanet: Hex): Promise<CommitmentTerms>
  /**
   * What its contributor has to sign for the bond, if anything.
   * @throws InvalidError `contribution.bond` where the account holds too little
   */
  permit(contributor: Address, terms: CommitmentTerms): Promise<PermitWanted | undefined>
  /**
   * Whether a signed one may be sent now. Nothing goes under other rules than its contributor has signed it for.
   * @throws InvalidError `contribution.rules`, `contribution.late`, `contribution.bond`
   */
  require(signed: Signed<'Commitment'>, permit: Signed<'Permit'> | undefined): Promise<void>
  /** What the contracts refused, as this node says it. */
  told(error: unknown, commitment: Message<'Commitment'>): unknown
}

const signAgain = 'Nothing was sent. Read its rules, and contribute again if you agree to them.'

export function createAgreed(
  { chain, clock, network }: Pick<DataDeps, 'chain' | 'clock' | 'network'>,
  document: (datanet: Hex) => Promise<DatanetDocument>
): Agreed {
  const { addresses, bonds, ledger } = chain
  const terms = createTerms({ ledger })
  /** The token's own domain is that of the network, but for the contract. */
  const ofToken = (): Network => ({ chainId: network.chainId, registry: addresses.token })
  /** By the chain, where it is further than this node's clock: a local one may be. */
  const seconds = (): bigint => {
    const [here, there] = [BigInt(Math.floor(clock.now() / 1000)), ledger.head()?.timestamp ?? 0n]
    return here > there ? here : there
  }

  async function inForce(datanet: Hex) {
    const net = await document(datanet)
    const latest = (await terms.history(datanet, net)).at(-1)
    return { net, rules: latest?.rules ?? net.rules, hash: latest?.set?.rules ?? net.statement.message.rules }
  }

  /** [reject] Nothing is given under other rules than it was signed for. */
  async function otherRules({ datanet, rules: signedFor }: Message<'Commitment'>): Promise<InvalidError | undefined> {
    const { net, rules, hash } = await inForce(datanet)
    if (hash === signedFor) return undefined
    const all = await terms.history(datanet, net)
    const were = all.find(({ set }) => (set?.rules ?? net.statement.message.rules) === signedFor)
    const other = were === undefined ? [] : rulesDifference(were.rules, rules).map(({ rule }) => rule)
    const which = other.length === 0 ? '' : `: ${other.join(', ')}`
    return new InvalidError('contribution.rules', `the Datanet's rules are others by now${which}`, { help: signAgain })
  }
  const late = (): InvalidError =>
    new InvalidError('contribution.late', 'it was signed to be sent by a time that is over', {
      help: 'Nothing was sent. Contribute it again.'
    })
  const lacks = ({ contributor, bond }: Pick<Message<'Commitment'>, 'contributor' | 'bond'>, what: string) =>
    new InvalidError('contribution.bond', `a bond of ${exactTokenText(bond)} tokens is locked with it: ${what}`, {
      help: `Nothing was sent. \`tilth wallet balance\` shows what the account holds; it is ${contributor}.`
    })

  const agreed: Agreed = {
    async now(datanet) {
      const { rules, hash } = await inForce(datanet)
      return { rules: hash, deadline: seconds() + commitmentSeconds, ...bondTerms(rules) }
    },
    async permit(contributor, { bond, deadline }) {
      if (bond === 0n) return undefined
      const { allowed, balance, nonce } = await bonds.allowanceOf(contributor)
      // [reject] The account has what it would lock.
      if (balance < bond) throw lacks({ contributor, bond }, `the account holds ${exactTokenText(balance)}`)
      if (contributor === chain.account || allowed >= bond) return undefined
      const message = { owner: contributor, spender: addresses.bonds, value: bond, nonce, deadline }
      return { token: addresses.token, message }
    },
    async require({ message }, permit) {
      const other = await otherRules(message)
      if (other !== undefined) throw other
      // [reject] It is brought on chain by the time that its contributor gave.
      if (seconds() > message.deadline) throw late()
      const { bond, contributor } = message
      if (permit !== undefined) {
        requireSigner(ofToken(), permit, contributor)
        // [reject] A permit lets this bond be locked, and nothing else.
        if (permit.message.spender !== addresses.bonds || permit.message.value !== bond)
          throw lacks(message, 'the permit is for something else')
      }
      if (bond === 0n) return
      const { allowed, balance } = await bonds.allowanceOf(contributor)
      if (balance < bond) throw lacks(message, `the account holds ${exactTokenText(balance)}`)
      if (allowed < bond && contributor !== chain.account && permit === undefined)
        throw lacks(message, 'its contributor has signed no permit for that')
    },
    told(error, message) {
      if (refusedWith(error, 'OtherRules'))
        return new InvalidError('contribution.rules', "the Datanet's rules are others by now", {
          help: signAgain,
          cause: error
        })
      if (refusedWith(error, 'CommitmentTooLate')) return late()
      if (refusedWith(error, 'ERC20InsufficientAllowance', 'ERC20InsufficientBalance', 'SafeERC20FailedOperation'))
        return lacks(message, 'the account holds too little, or another permit of it was used first')
      return error
    }
  }
  return agreed
}

/** Whether only the contributor can say how it goes on: what was signed cannot be sent any more. */
export const isReturned = (error: unknown): error is InvalidError =>
  error instanceof InvalidError && ['contribution.rules', 'contribution.late', 'contribution.bond'].includes(error.code)
