// Deploys the contracts of a network of its own: node scripts/deploy.ts --rpc URL [--challenge-seconds N] >
// contracts.json
// The deployer's key, 32 bytes hexadecimal, comes from the environment (TILTH_DEPLOYER_KEY): never from the command
// line,
// where others can read it. The deployer gets the whole token supply and keeps no power over the contracts.
import { parseArgs } from 'node:util'
import { deploy } from '../node/chain/index.ts'
import { bytes32, describeError } from '../protocol/primitives/index.ts'

const usage =
  'usage: TILTH_DEPLOYER_KEY=0x… node scripts/deploy.ts --rpc URL ' +
  '[--challenge-seconds N] [--dispute-seconds N] [--unbond-seconds N]'
const { values } = parseArgs({
  options: {
    rpc: { type: 'string' },
    'challenge-seconds': { type: 'string' },
    'dispute-seconds': { type: 'string' },
    'unbond-seconds': { type: 'string' }
  }
})
const seconds = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number.parseInt(text, 10)
const key = bytes32.safeParse(process.env['TILTH_DEPLOYER_KEY'])

if (values.rpc === undefined || !key.success) {
  console.error(usage)
  process.exitCode = 2
} else {
  try {
    const deployment = await deploy({
      rpcUrl: values.rpc,
      privateKey: key.data,
      challengeSeconds: seconds(values['challenge-seconds']),
      disputeSeconds: seconds(values['dispute-seconds']),
      unbondSeconds: seconds(values['unbond-seconds'])
    })
    console.log(JSON.stringify(deployment, null, 2))
  } catch (error) {
    console.error(describeError(error))
    process.exitCode = 1
  }
}
