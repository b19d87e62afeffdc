import { Command } from 'commander'
import { roles } from '../../config/index.ts'
import type { Flags } from '../../config/index.ts'
import { loadConfig } from '../../config/index.ts'
import { openKeystore, readPassphrase } from '../../keys/index.ts'
import { guarded } from '../command.ts'

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]

export function daemonCommand(): Command {
  return new Command('daemon')
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
    .option('--rpc <url>', 'RPC of the chain (TILTH_RPC)')
    .option('--contracts <file>', 'JSON with the contract addresses (TILTH_CONTRACTS)')
    .option(
      '--confirmations <n>',
      'blocks that are waited for before the chain is relied on (TILTH_CONFIRMATIONS; 12, on a development chain 1)'
    )
    .option('--bootstrap <multiaddr>', 'a peer to join by; repeatable (TILTH_BOOTSTRAP, comma-separated)', collect)
    .option('--listen <multiaddr>', 'where to listen; repeatable (TILTH_LISTEN)', collect)
    .option(
      '--announce <multiaddr>',
      'where others see this node, if not where it listens; repeatable (TILTH_ANNOUNCE)',
      collect
    )
    .option('--upnp', 'ask the router to forward the ports (TILTH_UPNP)')
    .option('--role <role>', `${roles.join(', ')}; repeatable (TILTH_ROLES)`, collect)
    .option('--preset <name>', 'public or local (TILTH_PRESET)')
    .option('--api-port <port>', 'port of the HTTP API on localhost, 0 for any (TILTH_API_PORT; default 4180)')
    .option('--api-host <host>', '127.0.0.1, ::1 or localhost (TILTH_API_HOST)')
    .option('--threads <n>', 'threads of the engine, 0 lets it choose (TILTH_THREADS)')
    .option('--provider <name>', 'where the engine computes: auto, cpu, webgpu or cuda (TILTH_PROVIDER; default auto)')
    .option(
      '--quantize <kind>',
      'weights of answers on a CPU: int8, int4 (less exact) or none (float32, slow) (TILTH_QUANTIZE; default int8)'
    )
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
    .option('--json', 'print the line that says where the API is as JSON')
    .addHelpText(
      'after',
      `
Example:
  tilth key create --passphrase-file /etc/tilth/passphrase
  tilth daemon --rpc https://rpc.example.org --contracts contracts.json \\
    --bootstrap /dns4/boot.example.org/tcp/4181/p2p/16Uiu2… --role worker --passphrase-file /etc/tilth/passphrase
`
    )
    .action(
      guarded(async (flags: Flags & { passphraseFile?: string; json?: boolean; autoVote: boolean }) => {
        const config = await loadConfig({
          ...flags,
          ...(flags.autoVote ? { autoVote: undefined } : { autoVote: false })
        })
        const { privateKey } = await openKeystore(config.key, await readPassphrase({ file: flags.passphraseFile }))
        // Only here: other commands should not wait for libp2p and ONNX Runtime to load.
        const { runDaemon } = await import('../../process.ts')
        await runDaemon(config, privateKey, { json: flags.json === true })
      })
    )
}
