import { Command } from 'commander'
import { quoted } from '../../../node/runtime/quoted.ts'
import { roles } from '../../config/index.ts'
import type { Flags } from '../../config/index.ts'
import { loadSettings } from '../../config/index.ts'
import { startDetached } from '../../detached.ts'
import { openKeystore, openingPassphrase } from '../../keys/index.ts'
import { collect, guarded } from '../command.ts'
import { printJson } from '../output.ts'
import { withAutomation } from './automation-flags.ts'

type DaemonFlags = Flags & { passphraseFile?: string; json?: boolean; autoVote: boolean; detach?: boolean }

/** A start reads the chain from the network's first block, and may have much to take up. */
const detachMs = 180_000

export function daemonCommand(): Command {
  const cmd = new Command('daemon')
    .description(
      'run a node until Ctrl-C; settings come from flags, TILTH_* variables or a configuration file, in this order'
    )
    .option('--config <file>', 'JSON configuration (TILTH_CONFIG)')
    .option('--data <dir>', 'data folder (TILTH_DATA; default ~/.tilth)')
    .option('--key <file>', 'keystore file (TILTH_KEY; default key.json in the data folder)')
    .option(
      '--passphrase-file <file>',
      'file with its passphrase (TILTH_PASSPHRASE_FILE; or TILTH_PASSPHRASE; else asked for)'
    )
    .option('--network <file>', 'network.json of the network to join (TILTH_NETWORK); in place of the next three')
    .option('--rpc <url>', 'RPC of the chain (TILTH_RPC)')
    .option('--contracts <file>', 'JSON with the contract addresses (TILTH_CONTRACTS)')
    .option(
      '--confirmations <n>',
      'blocks that are waited for before the chain is relied on (TILTH_CONFIRMATIONS; 12, on a development chain 1)'
    )
    .option('--bootstrap <multiaddr>', 'a peer to join by; repeatable (TILTH_BOOTSTRAP, comma-separated)', collect)
    .option(
      '--listen <multiaddr>',
      'where to listen; repeatable (TILTH_LISTEN; default TCP 4181, or a free port if that is taken)',
      collect
    )
    .option(
      '--announce <multiaddr>',
      'where others see this node, if not where it listens; repeatable (TILTH_ANNOUNCE)',
      collect
    )
    .option('--upnp', 'ask the router to forward the ports (TILTH_UPNP)')
    .option('--role <role>', `${roles.join(', ')}; repeatable (TILTH_ROLES)`, collect)
    .option('--preset <name>', 'public or local (TILTH_PRESET)')
    .option(
      '--api-port <port>',
      'port of the HTTP API on localhost, 0 for any (TILTH_API_PORT; default 4180, or a free one)'
    )
    .option(
      '--api-host <host>',
      'where the API listens; beyond this machine only with a certificate or --api-plain (TILTH_API_HOST)'
    )
    .option('--api-name <name>', 'a name or address by which others call it; repeatable (TILTH_API_NAMES)', collect)
    .option('--api-cert <file>', 'its certificate, as PEM: it then speaks https (TILTH_API_CERT)')
    .option('--api-cert-key <file>', "the certificate's key, as PEM (TILTH_API_CERT_KEY)")
    .option(
      '--api-plain',
      'let others reach it without a certificate: what is sent, tokens too, can be read on the way'
    )
    .option('--threads <n>', 'threads of the engine, 0 lets it choose (TILTH_THREADS)')
    .option('--provider <name>', 'where the engine computes: auto, cpu, webgpu or cuda (TILTH_PROVIDER; default auto)')
    .option(
      '--quantize <kind>',
      'weights of answers on a CPU: int8, int4 (less exact) or none (float32, slow) (TILTH_QUANTIZE; default int8)'
    )
    .option('--region <place>', 'where it says that it is: a country such as DE, or such as europe (TILTH_REGION)')
    .option(
      '--shelf-gib <n>',
      'GiB of disk for base models and adapters (TILTH_SHELF_GIB; default 20, or half of what is free if that is less)'
    )
    .option(
      '--fetch-mibps <n>',
      'MiB a second fetched for what others ask, such as the base of a job (TILTH_FETCH_MIBPS; default 16)'
    )
    .option(
      '--follow <datanet>',
      'a Datanet to follow though this node has no role in it, by name or id; repeatable (TILTH_FOLLOW)',
      collect
    )
    .option(
      '--storage <size>',
      'disk lent to shards of other Datanets that too few have, 0 for none (TILTH_STORAGE; default 1GiB)'
    )
    .option('--no-auto-vote', 'validators vote by hand')
    .option('--log <level>', 'silent, error, warn, info or debug (TILTH_LOG; default warn)')
    .option('--detach', 'go on in the background once it is up; `tilth down --data DIR` ends it')
    .option('--json', 'print the line that says where the API is as JSON')
    .addHelpText(
      'after',
      `
Example:
  tilth key create --passphrase-file /etc/tilth/passphrase
  tilth daemon --network network.json --role worker --passphrase-file /etc/tilth/passphrase
  tilth daemon --rpc https://rpc.example.org --contracts contracts.json \\
    --bootstrap /dns4/boot.example.org/tcp/4181/p2p/16Uiu2… --role worker --passphrase-file /etc/tilth/passphrase
`
    )
    .action(
      guarded(async (flags: DaemonFlags) => {
        const { config, origin } = await loadSettings({
          ...flags,
          ...(flags.autoVote ? { autoVote: undefined } : { autoVote: false })
        })
        const passphrase = await openingPassphrase({ file: flags.passphraseFile })
        const { privateKey } = await openKeystore(config.key, passphrase)
        if (flags.detach === true) {
          // What was typed or stood in the environment was read here, once; a file is read again there.
          const env: Record<string, string> = typeof passphrase === 'string' ? { TILTH_PASSPHRASE: passphrase } : {}
          const { facts, text, pid } = await startDetached({ folder: config.data, env, timeoutMs: detachMs })
          if (flags.json === true) printJson({ ...(facts as object), pid })
          else console.log(`${text}\nruns in the background; \`tilth down --data ${quoted(config.data)}\` ends it`)
          return
        }
        // Only here: other commands should not wait for libp2p and ONNX Runtime to load.
        const { runDaemon } = await import('../../process.ts')
        await runDaemon({ config, origin }, privateKey, { json: flags.json === true })
      })
    )
  return withAutomation(cmd)
}
