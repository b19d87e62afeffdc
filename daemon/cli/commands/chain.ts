import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { quoted } from '../../../node/runtime/quoted.ts'
import { sayUp, startDetached } from '../../detached.ts'
import { freePort } from '../../ports.ts'
import { command, guarded, wholeNumber } from '../command.ts'
import { printJson } from '../output.ts'

interface ChainFlags {
  data: string
  port?: string
  chainId: string
  detach?: boolean
  json?: boolean
}

const usualPort = 8545
const detachMs = 90_000

export function chainCommand(): Command {
  return command({
    name: 'chain',
    summary: 'run an EVM chain on this machine until Ctrl-C, for a network of your own (anvil; nothing of worth on it)',
    examples: ['tilth chain', 'tilth chain --data my-network/chain --detach', 'tilth chain --port 8546']
  })
    .option('--data <dir>', 'where its state is kept; it goes on where it was', join('.tilth-chain'))
    .option('--port <n>', `port on 127.0.0.1 (default ${usualPort}, or a free one if that is taken)`)
    .option('--chain-id <n>', 'of a new chain', '31337')
    .option('--detach', 'go on in the background once it is up; `tilth down --data DIR` ends it')
    .action(
      guarded(async (flags: ChainFlags) => {
        const folder = resolve(flags.data)
        const chainId = wholeNumber(flags.chainId, '--chain-id', { least: 1, most: 2 ** 31 })
        const named =
          flags.port === undefined ? undefined : wholeNumber(flags.port, '--port', { least: 0, most: 65_535 })
        if (flags.detach === true) {
          const { text, facts, pid } = await startDetached({ folder, timeoutMs: detachMs })
          if (flags.json === true) printJson({ ...(facts as object), pid })
          else console.log(`${text}\nruns in the background; \`tilth down --data ${quoted(flags.data)}\` ends it`)
          return
        }
        const { runChain } = await import('../../local/chain.ts')
        await runChain({ folder, port: named ?? (await freePort(usualPort)), chainId }, up => {
          if (named === undefined && up.port !== usualPort)
            console.error(`port ${usualPort} is taken: ${up.port} it is`)
          sayUp(
            {
              text: `chain ${chainId} answers at ${up.rpc}\nits state stays in ${folder}; its keys everybody knows`,
              facts: { rpc: up.rpc, chainId, data: folder }
            },
            flags.json === true
          )
        })
      })
    )
}
