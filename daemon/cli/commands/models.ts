import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { command, connected, guarded, listing, show, showOneOrList } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import type { ApiClient } from '../../api/contract/index.ts'
import { safe, short, table, tokens } from '../output.ts'
import { showCommand } from '../model/show.ts'
import { modelPage, modelText } from '../model/text.ts'
import { compareCommand } from './compare.ts'
import { splitFlag, splitOf, usualSplitHelp } from '../split.ts'
import { addCommand, exportCommand } from './model-files.ts'
import { nameCommands } from './names.ts'
import { termsCommands } from './terms.ts'

export function modelsCommand(): Command {
  const parent = listing(
    connected(
      command({
        name: 'models',
        summary: 'registered models, and who offers them at what price',
        examples: ['tilth models', 'tilth models show elements', 'tilth models --json']
      })
    )
  )
    .argument('[model]', 'one of them: id, beginning of one, or name')
    .action(
      guarded(async (wanted: string | undefined, flags: ListFlags) => {
        await showOneOrList(
          flags,
          wanted,
          {
            one: (api, id) => api.call('model', { params: { id } }),
            page: (api, params) => api.call('models', { params })
          },
          models =>
            models.length === 0
              ? 'no models yet'
              : wanted === undefined
                ? models.map(modelText).join('\n\n')
                : models.map(modelPage).join('\n\n')
        )
      })
    )
  for (const sub of [
    showCommand(),
    addCommand(),
    exportCommand(),
    compareCommand(),
    ...nameCommands(),
    ...termsCommands()
  ])
    parent.addCommand(sub)
  return parent.alias('model')
}

interface RegisterFlags extends CallFlags {
  name: string
  job?: string
  base?: string
  split?: string
  upstream?: string
  licence?: string
}

/** What is no CID but a folder here is taken in by the daemon first. */
async function baseCid(api: ApiClient, base: string): Promise<string> {
  if (!existsSync(base)) {
    // [reject] What is written as a path is one.
    if (/[/\\.]/.test(base))
      throw new InvalidError('job.base', `there is no folder ${base}`, {
        help: 'Name a base by its CID, or by the folder of a model in Hugging Face form.'
      })
    return base
  }
  return (await api.call('importBase', { body: { folder: resolve(base) } })).cid
}

export function registerCommand(): Command {
  return connected(
    command({
      name: 'register',
      summary: 'register a finished job, or a base model, on chain',
      examples: [
        'tilth register --name elements-v1 --job 0x12… --split 3000,1000,6000 --licence CC-BY-4.0 --as host',
        'tilth register --name seedling --base daemon/assets/seedling --split 8000,2000,0 --as host',
        'tilth register --name elements-v2 --job 0x12… --split 3000,1000,5500,500 --upstream seedling --as host'
      ]
    })
  )
    .requiredOption('--name <text>', 'its name')
    .option('--job <id>', 'the finished tune job: id or beginning of one')
    .option('--base <cid|dir>', 'a base model served as it is: its CID, or a folder on the daemon’s machine')
    .option(splitFlag, `basis points of every fee; its job's unless given, or ${usualSplitHelp}`)
    .option(
      '--upstream <model>',
      'the registered model that it was grown from, which the fourth part of the split goes to: ' +
        'a registration of its base, or for a base the model whose adapter was merged into it'
    )
    .option('--licence <spdx>', 'what it may be used under, such as CC-BY-4.0')
    .action(
      guarded(async (flags: RegisterFlags) => {
        const split = flags.split === undefined ? undefined : splitOf(flags.split)
        await show(
          flags,
          async api => {
            const base = flags.base === undefined ? undefined : await baseCid(api, flags.base)
            return api.call('registerModel', {
              body: { name: flags.name, job: flags.job, base, split, licence: flags.licence, upstream: flags.upstream }
            })
          },
          model => `registered ${safe(model.name)} as ${model.id}`
        )
      })
    )
}

interface ReceiptsFlags extends ListFlags {
  model?: string
  datanet?: string
  oldest?: boolean
}

export function receiptsCommand(): Command {
  return listing(
    connected(
      command({
        name: 'receipts',
        summary: 'receipts this daemon holds, with their weights, the newest first',
        examples: ['tilth receipts', 'tilth receipts --model elements', 'tilth receipts --as worker-1 --json']
      })
    )
  )
    .argument('[receipt]', 'one of them: id or beginning of one')
    .option('--model <model>', 'of one model: name, id, or beginning of one')
    .option('--datanet <datanet>', 'of models of one Datanet: name, id, or beginning of one')
    .option('--oldest', 'the oldest first')
    .action(
      guarded(async (wanted: string | undefined, flags: ReceiptsFlags) => {
        const order = flags.oldest === true ? 'oldest' : 'newest'
        await showOneOrList(
          flags,
          wanted,
          {
            one: (api, id) => api.call('receipt', { params: { id } }),
            page: (api, params) =>
              api.call('receipts', { params: { ...params, model: flags.model, pool: flags.datanet, order } })
          },
          receipts =>
            receipts.length === 0
              ? 'no receipts yet'
              : table(
                  ['receipt', 'model', 'worker', 'tokens', 'fee', 'weights (1e-6)'],
                  receipts.map(item => [
                    short(item.id),
                    short(item.model),
                    short(item.worker),
                    `${item.inputTokens}+${item.outputTokens}`,
                    tokens(item.fee, 9),
                    item.private
                      ? 'private'
                      : Object.entries(item.weights)
                          .map(([who, weight]) => `${short(who)} ${weight}`)
                          .join('  ')
                  ]),
                  [3, 4]
                )
        )
      })
    )
}
