import { access, constants, mkdtemp, rm, statfs } from 'node:fs/promises'
import { cpus, freemem, totalmem, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { StatusView } from '../../api/contract/index.ts'
import { command, connected, guarded } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { connect, dataFolder } from '../context.ts'
import type { Finding } from '../finding.ts'
import { auditFindings } from '../audit-findings.ts'
import { chainFindings } from '../chain-findings.ts'
import { moneyFindings } from '../money.ts'
import { findingsAlone, findingsOf } from '../network-findings.ts'
import { green, printJson, red, yellow } from '../output.ts'
import { repair } from '../repair.ts'

const giga = (bytes: number): string => (bytes / 1e9).toFixed(1)

async function checked(check: string, required: boolean, look: () => Promise<string>, help: string): Promise<Finding> {
  try {
    return { check, ok: true, required, found: await look() }
  } catch (error) {
    return {
      check,
      ok: false,
      required,
      found: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
      help
    }
  }
}

async function onnxRuntime(): Promise<string> {
  const { listSupportedBackends } = await import('onnxruntime-node')
  return listSupportedBackends()
    .filter(({ bundled }) => bundled)
    .map(({ name }) => name)
    .join(', ')
}

/**
 * One line for each execution provider. A GPU that is there and not used is a finding that is not ok, with the reason
 * and what to do.
 */
async function acceleration(): Promise<Finding[]> {
  const { surveyProviders } = await import('../../../node/engine/index.ts')
  const { gpus, chosen, findings } = await surveyProviders()
  const providers = findings
    .filter(({ provider }) => provider !== 'cpu')
    .map(({ provider, usable, real, reason, help }): Finding => ({
      check: `engine on ${provider}`,
      ok: usable && real,
      required: false,
      found: reason,
      ...(help === undefined ? {} : { help })
    }))
  const unused = chosen === 'cpu' && gpus.length > 0
  return [
    ...providers,
    {
      check: 'engine computes on',
      ok: !unused,
      required: false,
      found: unused ? `${chosen}, although a GPU is there (${gpus.join(', ')}); the lines above say why` : chosen
    }
  ]
}

async function anvilBinary(): Promise<string> {
  const { anvilPath } = await import('../../../node/chain/index.ts')
  const path = anvilPath()
  await access(path, constants.X_OK)
  return path
}

async function libp2pKey(): Promise<string> {
  const { signDigest } = await import('../../../protocol/crypto/index.ts')
  return signDigest(`0x${'11'.repeat(32)}`, new Uint8Array(32).fill(7)).length === 132 ? 'signs' : 'does not sign'
}

async function disk(folder: string): Promise<string> {
  for (let at = folder; ; at = join(at, '..')) {
    try {
      const { bavail, bsize } = await statfs(at)
      const free = bavail * bsize
      if (free < 1.5e9) throw new TypeError(`${Math.round(free / 1e6)} MB free`)
      return `${(free / 1e9).toFixed(1)} GB free at ${at}`
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT' || at === '/') throw error
    }
  }
}

async function writable(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tilth-doctor-'))
  await rm(folder, { recursive: true })
  return tmpdir()
}

export function doctorCommand(): Command {
  return connected(
    command({
      name: 'doctor',
      summary: 'what this machine has, and what is missing for a node',
      examples: ['tilth doctor', 'tilth doctor --machine', 'tilth doctor --repair --data node', 'tilth doctor --json']
    })
  )
    .option('--repair', 'check the data folder, and mend what chain and peers can give; while no daemon runs on it')
    .option('--machine', 'this machine alone: that no daemon runs is no fault')
    .action(
      guarded(async (flags: CallFlags & { machine?: boolean; repair?: boolean }) => {
        if (flags.repair === true) {
          await repair(flags)
          return
        }
        const folder = await dataFolder(flags)
        let status: StatusView | undefined
        const findings = [
          await checked(
            'node',
            true,
            async () => {
              if (Number(process.versions.node.split('.')[0]) < 24) throw new TypeError(`Node ${process.versions.node}`)
              return process.versions.node
            },
            'Run npm ci: Node 24 comes with the package.'
          ),
          await checked(
            'processors and memory',
            true,
            async () =>
              `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${giga(freemem())} of ${giga(totalmem())} GB free`,
            ''
          ),
          await checked(
            'disk',
            true,
            () => disk(folder),
            'Free some space, or choose another data folder with --data.'
          ),
          await checked('scratch folder', true, writable, 'Set TMPDIR to a folder that can be written.'),
          await checked(
            'onnxruntime',
            true,
            onnxRuntime,
            'Run npm ci again; the package onnxruntime-node ships its own binaries.'
          ),
          ...(await acceleration()),
          await checked('anvil', false, anvilBinary, 'Needed for `tilth up` only: run npm ci again.'),
          await checked('signatures', true, libp2pKey, 'Run npm ci again.'),
          await checked(
            'daemon',
            flags.machine !== true,
            async () => {
              status = await (await connect(flags)).call('status')
              return `${status.address}, ${status.peers} peers, chain ${status.chain.id} at block ${status.chain.block}`
            },
            'Start one with `tilth daemon` or `tilth up`.'
          )
        ]
        findings.push(
          ...(status === undefined
            ? await findingsAlone()
            : [...chainFindings(status), ...moneyFindings(status), ...findingsOf(status), ...auditFindings(status)])
        )
        if (flags.json === true) printJson({ ok: findings.every(({ ok, required }) => ok || !required), findings })
        else
          for (const { check, ok, required, found, help } of findings) {
            const mark = ok ? green('✓') : required ? red('✗') : yellow('–')
            console.log(`${mark} ${check.padEnd(22)} ${found}`)
            if (!ok && help !== undefined) console.log(`  ${help}`)
          }
        if (findings.some(({ ok, required }) => !ok && required)) process.exitCode = 1
      })
    )
}
