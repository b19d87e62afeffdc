import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { backendKinds } from '../../../node/engine/backend/types.ts'
import { servedWeights } from '../../../protocol/models/weights.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { BackendView } from '../../api/contract/index.ts'
import { addBackend, keyVariable, removeBackend } from '../../config/index.ts'
import { collect, command, connected, guarded, listing, show, showList, wholeNumber } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { dataFolder } from '../context.ts'
import type { ConnectFlags } from '../context.ts'
import { printJson, safe, table } from '../output.ts'

// Servers that exist already, such as vLLM on a rack, which answer in the engine's place.

/** How far a server agrees with this node, of what is furthest off. */
function agreed({ checked }: BackendView): string {
  if (checked.length === 0) return ''
  const compared = checked.flatMap(({ answers }) => (answers === null ? [] : [answers]))
  const worst = Math.max(...compared.map(({ mean }) => mean ?? 0))
  const same = compared.reduce((sum, one) => sum + one.same, 0)
  const of = compared.reduce((sum, one) => sum + one.of, 0)
  return compared.length === 0
    ? 'tokens alone'
    : `${same} of ${of} tokens, ${worst.toFixed(3)} nats (${checked.length} models)`
}

function told(backend: BackendView): string {
  const { name, kind, state, url, base, model, can, error, checked } = backend
  const lines = [
    `${name}: ${kind ?? 'not met yet'} at ${url}, ${state}`,
    `base ${base}${model === null ? '' : `, there ${safe(model)}`}`,
    ...(can === null
      ? []
      : [
          `prompts as ${can.promptIds ? 'tokens' : 'text'}, tokens ${can.tokenIds ? 'by id' : 'by their bytes'}, ` +
            `${can.logprobs === null ? 'no log-probabilities' : `up to ${can.logprobs} likeliest`}, ` +
            `adapters ${can.adapters}`
        ]),
    ...checked.map(
      ({ adapter, answers, why, tokens }) =>
        `${adapter === '' ? 'base' : adapter}: ${tokens.same} of ${tokens.of} prompts cut alike, ` +
        (answers === null
          ? `answers not compared: ${why ?? ''}`
          : `${answers.same} of ${answers.of} tokens as here` +
            (answers.mean === null ? '' : `, ${answers.mean.toFixed(4)} nats apart`))
    ),
    ...(checked.length === 0
      ? []
      : [
          checked.some(({ answers }) => answers === null)
            ? 'answers of a form, and scores: none here, since this node cannot hold the base'
            : 'answers of a form, and scores: by this node itself'
        ]),
    ...(error === null ? [] : [`${safe(error.message)} [${error.code}]`, ...(error.help === null ? [] : [error.help])])
  ]
  return lines.join('\n')
}

const listCommand = (): Command =>
  listing(
    connected(
      command({
        name: 'list',
        summary: 'servers that answer for a base, how they are, and how they agree with this node',
        examples: ['tilth backend list', 'tilth backend list --json']
      })
    )
  ).action(
    guarded(async (flags: ListFlags) => {
      await showList(
        flags,
        (api, params) => api.call('backends', { params }),
        backends =>
          backends.length === 0
            ? 'no servers: the engine answers. `tilth backend add` names one, used from the next start on'
            : table(
                ['name', 'kind', 'state', 'running', 'answers', 'agrees', 'why not'],
                backends.map(one => [
                  one.name,
                  one.kind ?? '',
                  one.pending === undefined ? one.state : `${one.state}, ${one.pending}`,
                  `${one.running} of ${one.concurrency}`,
                  String(one.answers),
                  agreed(one),
                  safe(one.error?.message ?? '')
                ])
              )
      )
    })
  )

const checkCommand = (): Command =>
  connected(
    command({
      name: 'check',
      summary: 'look at a server again, and compare all that it answers for with this node itself',
      examples: ['tilth backend check rack']
    })
  )
    .argument('<name>', 'what it is called')
    .action(
      guarded(async (name: string, flags: CallFlags) => {
        await show(flags, api => api.call('checkBackend', { params: { name } }), told)
      })
    )

interface AddFlags extends ConnectFlags {
  url: string
  base: string
  kind?: string
  model?: string
  adapter?: string[]
  weights?: string
  folder?: string
  keyFile?: string
  concurrency?: string
  json?: boolean
}

/** `CID=NAME` as the file has it. @throws InvalidError `flag-invalid` */
const named = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map(pair => {
      const at = pair.indexOf('=')
      if (at < 1) throw new InvalidError('flag-invalid', `--adapter takes CID=NAME, not "${pair}"`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    })
  )

const written = (flags: { json?: boolean }, facts: Record<string, string>, text: string): void => {
  if (flags.json === true) printJson(facts)
  else console.log(text)
}

const addCommand = (): Command =>
  connected(
    command({
      name: 'add',
      summary: 'name a server that answers for a base: vLLM, llama.cpp, Ollama, or any with /v1/completions',
      examples: [
        'tilth backend add rack --url http://127.0.0.1:8000 --base bafy… --key-file /etc/tilth/rack.key',
        'tilth backend add here --url http://127.0.0.1:8080 --kind llama.cpp --base bafy…'
      ]
    })
  )
    .argument('<name>', 'what to call it')
    .requiredOption('--url <url>', 'its address, without /v1')
    .requiredOption('--base <cid>', 'the base model that it holds')
    .addOption(new Option('--kind <kind>', 'what it is; it is asked unless given').choices(['auto', ...backendKinds]))
    .option('--model <name>', 'what it calls the base; its first model unless given')
    .option('--adapter <cid=name>', 'what it calls an adapter, or a model with one merged into it; repeatable', collect)
    .addOption(
      new Option('--weights <kind>', 'what it answers from, as offers say it; nothing unless given').choices(
        servedWeights.options
      )
    )
    .option('--folder <dir>', "where it sees this node's folder of models, if elsewhere")
    .option('--key-file <file>', 'file with its key, readable by you alone; or the variable that this command names')
    .option('--concurrency <n>', 'answers at once (default 32)')
    .action(
      guarded(async (name: string, flags: AddFlags) => {
        const { url, base, kind, model, folder } = flags
        const file = await addBackend(await dataFolder(flags), {
          name,
          url,
          base,
          ...(kind === undefined ? {} : { kind }),
          ...(model === undefined ? {} : { model }),
          ...(flags.adapter === undefined ? {} : { names: named(flags.adapter) }),
          ...(flags.weights === undefined ? {} : { weights: flags.weights }),
          ...(folder === undefined ? {} : { folder }),
          ...(flags.keyFile === undefined ? {} : { keyFile: resolve(flags.keyFile) }),
          ...(flags.concurrency === undefined
            ? {}
            : { concurrency: wholeNumber(flags.concurrency, '--concurrency', { least: 1, most: 4096 }) })
        })
        const key =
          flags.keyFile === undefined ? `; its key, if it asks for one, is read from ${keyVariable(name)}` : ''
        written(
          flags,
          { name, file },
          `${name} stands in ${file} and is used from the daemon's next start on${key}\n` +
            'then serve a model of that base: `tilth serve`, and see `tilth backend list`'
        )
      })
    )

const removeCommand = (): Command =>
  connected(
    command({
      name: 'remove',
      summary: 'name a server no more; the engine answers in its place from the next start on',
      examples: ['tilth backend remove rack']
    })
  )
    .argument('<name>', 'what it is called')
    .action(
      guarded(async (name: string, flags: ConnectFlags & { json?: boolean }) => {
        const file = await removeBackend(await dataFolder(flags), name)
        written(flags, { name, file }, `${name} is gone from ${file}; the daemon uses it until it is started again`)
      })
    )

/** `tilth backend …` */
export const backendCommand = (): Command => {
  const group = new Command('backend').description(
    'servers that exist already, such as vLLM or llama.cpp, which answer in the place of the own engine'
  )
  for (const sub of [listCommand(), checkCommand(), addCommand(), removeCommand()]) group.addCommand(sub)
  return group
}
