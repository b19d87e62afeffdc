import { encodeDeployData, getContractAddress, zeroAddress } from 'viem'
import type { Abi } from 'viem'
import {
  attributionAnchorAbi,
  datanetRegistryAbi,
  jobEscrowAbi,
  juriesAbi,
  modelRegistryAbi,
  nodeRegistryAbi,
  paymentChannelsAbi,
  servingBondsAbi,
  tilthTokenAbi,
  trainingAuditsAbi
} from '../../../protocol/contracts/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { connect, lower } from '../connection/index.ts'
import { ChainError } from '../errors/index.ts'
import type { Deployment } from '../addresses.ts'

const coin = 10n ** 18n
const day = 86_400

/** What a network is deployed with unless it is said otherwise, in seconds. */
export const defaultWindows = {
  challengeSeconds: 3 * day,
  commitSeconds: day,
  revealSeconds: day / 4,
  disputeSeconds: 3 * day,
  unbondSeconds: 21 * day,
  rosterSeconds: 30 * day,
  auditSeconds: day
} as const

/** Longest vote that any Datanet's rules allow; the contract's `LONGEST_VOTE`. */
const longestVote = 7 * day

/**
 * [reject] Stake leaves only when nothing can be shown any more that it would be slashed for. The contracts refuse the
 * same, after some have been paid for.
 */
function checkWindows({
  challengeSeconds,
  commitSeconds,
  revealSeconds,
  disputeSeconds,
  unbondSeconds,
  auditSeconds
}: Record<keyof typeof defaultWindows, number>): void {
  const scored = commitSeconds + revealSeconds + 2 * challengeSeconds
  const longest = Math.max(scored, disputeSeconds, longestVote, 3 * auditSeconds)
  if (unbondSeconds > longest) return
  throw new ChainError(
    'chain.windows',
    `stake would be back after ${unbondSeconds} seconds, while what it answers for can be shown for ${longest}`,
    { help: 'Let unbonding take longer than challenges, disputes and a vote of seven days.' }
  )
}

export interface DeployOptions {
  rpcUrl: string
  /** Of the deployer, who gets the whole token supply and keeps no power over the contracts. */
  privateKey: Hex
  /** Seconds between asking for stake back and getting it; longer than all the others. Default 21 days. */
  unbondSeconds?: number
  /** Seconds a worker has to claim when a client closes a channel. Default 3 days, so that a weekend is no danger. */
  disputeSeconds?: number
  /**
   * Seconds within which an epoch can be challenged, and that a builder has at least to look at a delivery. Default 3
   * days.
   */
  challengeSeconds?: number
  /** Seconds for scorers to weigh and commit, default a day, and to show their words, default six hours. */
  commitSeconds?: number
  revealSeconds?: number
  /** Seconds for jurors to show their votes; as for scorers unless given. They close at once when all have. */
  juryRevealSeconds?: number
  /** Blocks between an epoch's receipts and the one whose hash draws what is weighed. Default 8. */
  drawBlocks?: number
  /**
   * Seconds for auditors to run steps of a training again. Default a day, or a quarter of unbonding where that is less.
   */
  auditSeconds?: number
  /** Seconds for which a Datanet's validators must be silent before its host may replace them. Default 30 days. */
  rosterSeconds?: number
  /** What a proposer posts at least, default 50 tokens, and must have staked, default 100 tokens. */
  bond?: bigint
  minStake?: bigint
  /** What a challenge of a contribution's decision puts down. Default as the bond. */
  deposit?: bigint
  /** Default a thousand million tokens. */
  supply?: bigint
  /** Hears of each step as it begins. */
  onStep?: (text: string) => void
}

/** Deploys a whole network. The registry's address becomes the domain of every statement signed for it. */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  // Daemons load this file, too, and deploy nothing.
  const {
    attributionAnchorBytecode,
    datanetRegistryBytecode,
    jobEscrowBytecode,
    juriesBytecode,
    modelRegistryBytecode,
    nodeRegistryBytecode,
    paymentChannelsBytecode,
    servingBondsBytecode,
    tilthTokenBytecode,
    trainingAuditsBytecode
  } = await import('../../../protocol/contracts/generated/bytecode.ts')
  const { unbondSeconds = defaultWindows.unbondSeconds } = options
  const windows = {
    challengeSeconds: options.challengeSeconds ?? defaultWindows.challengeSeconds,
    commitSeconds: options.commitSeconds ?? defaultWindows.commitSeconds,
    revealSeconds: options.revealSeconds ?? defaultWindows.revealSeconds,
    disputeSeconds: options.disputeSeconds ?? defaultWindows.disputeSeconds,
    unbondSeconds,
    rosterSeconds: options.rosterSeconds ?? defaultWindows.rosterSeconds,
    auditSeconds: options.auditSeconds ?? Math.min(defaultWindows.auditSeconds, Math.floor(unbondSeconds / 4))
  }
  checkWindows(windows)
  const connection = await connect(options)
  try {
    const from = connection.account ?? lower(zeroAddress)
    if ((await connection.client.getBalance({ address: from })) === 0n)
      throw new ChainError('chain.gas', `${from}, who would pay for the deployment, has no coin on this chain`, {
        help: "Send it some of the chain's own coin first, or deploy with another key."
      })
    let deploymentBlock: number | undefined
    const make = async (name: string, abi: Abi, bytecode: Hex, args: readonly unknown[]): Promise<Address> => {
      options.onStep?.(`deploying ${name}`)
      const { contractAddress, blockNumber } = await connection.send(`deploying ${name}`, {
        data: encodeDeployData({ abi, bytecode, args })
      })
      if (contractAddress === null || contractAddress === undefined)
        throw new ChainError('chain.event', `${name} was not deployed`)
      deploymentBlock ??= Number(blockNumber)
      return lower(contractAddress)
    }
    const token = await make('the token', tilthTokenAbi, tilthTokenBytecode, [options.supply ?? 1_000_000_000n * coin])
    const registry = await make('the node registry', nodeRegistryAbi, nodeRegistryBytecode, [
      token,
      BigInt(windows.unbondSeconds),
      options.minStake ?? 100n * coin
    ])
    const datanets = await make('the Datanet registry', datanetRegistryAbi, datanetRegistryBytecode, [
      registry,
      BigInt(windows.rosterSeconds)
    ])
    // It was made with the registry, for good.
    const bonds = lower(
      await connection.read({
        what: 'where bonds are held',
        address: datanets,
        abi: datanetRegistryAbi,
        functionName: 'bonds',
        args: []
      })
    )
    const models = await make('the model registry', modelRegistryAbi, modelRegistryBytecode, [datanets])
    const escrow = await make('the escrow', jobEscrowAbi, jobEscrowBytecode, [
      registry,
      BigInt(windows.challengeSeconds)
    ])

    // Channels and anchor know each other for good, so the first is told where the second will be: at the address that
    // follows from the deployer's next nonce but one.
    const nonce = await connection.client.getTransactionCount({ address: from })
    const expected = lower(getContractAddress({ from, nonce: BigInt(nonce + 1) }))
    const channels = await make('the channels', paymentChannelsAbi, paymentChannelsBytecode, [
      registry,
      models,
      expected,
      BigInt(windows.disputeSeconds)
    ])
    const anchor = await make('the anchor', attributionAnchorAbi, attributionAnchorBytecode, [
      registry,
      models,
      channels,
      {
        challenge: BigInt(windows.challengeSeconds),
        commit: BigInt(windows.commitSeconds),
        reveal: BigInt(windows.revealSeconds),
        drawBlocks: BigInt(options.drawBlocks ?? 8)
      },
      options.bond ?? 50n * coin
    ])
    if (anchor !== expected)
      throw new ChainError('chain.network', 'another transaction of the deployer came in between', {
        help: 'Deploy again, with an account that nothing else uses meanwhile.'
      })

    const juries = await make('the juries', juriesAbi, juriesBytecode, [
      registry,
      datanets,
      {
        commit: BigInt(windows.commitSeconds),
        reveal: BigInt(options.juryRevealSeconds ?? windows.revealSeconds),
        drawBlocks: BigInt(options.drawBlocks ?? 8)
      },
      options.deposit ?? options.bond ?? 50n * coin
    ])
    const audits = await make('the audits of trainings', trainingAuditsAbi, trainingAuditsBytecode, [
      registry,
      models,
      BigInt(windows.auditSeconds),
      BigInt(options.drawBlocks ?? 8)
    ])
    const serving = await make('what workers stand for', servingBondsAbi, servingBondsBytecode, [anchor])
    for (const slasher of [datanets, anchor, juries, audits, serving])
      await connection.write({
        what: 'letting double votes, false epochs, absent jurors, false audits and other weights be slashed',
        address: registry,
        abi: nodeRegistryAbi,
        functionName: 'authorise',
        args: [slasher]
      })
    await connection.write({
      what: 'giving ownership up',
      address: registry,
      abi: nodeRegistryAbi,
      functionName: 'renounceOwnership',
      args: []
    })
    return {
      token,
      registry,
      datanets,
      bonds,
      models,
      escrow,
      channels,
      anchor,
      juries,
      audits,
      serving,
      chainId: connection.chainId,
      deploymentBlock: deploymentBlock ?? 0
    }
  } finally {
    await connection.stop()
  }
}
