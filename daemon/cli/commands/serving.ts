import type { Command } from 'commander'
import { command, connected, guarded, listing, show, showList } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { tilthLine } from '../context.ts'
import { foundOutText } from '../model/text.ts'
import { dim, safe, short, table, tokens } from '../output.ts'
import { pricesOf, pricing } from '../price.ts'
import type { PriceFlags } from '../price.ts'

const modelArgument = 'id, beginning of one, or name'

export function serveCommand(): Command {
  return pricing(
    connected(
      command({
        name: 'serve',
        summary: 'offer a registered model for pay (worker)',
        examples: [
          'tilth serve elements --as worker-1',
          'tilth serve elements --input-price 0.1/1000 --output-price 0.4/1000',
          'tilth serve 0x12ab… --output-price 400000000000000',
          'tilth serve elements --all'
        ]
      })
    )
  )
    .argument('<model>', modelArgument)
    .option('--all', 'all models over its base by one offer, fetched when asked for; others you unserved stay out')
    .action(
      guarded(async (model: string, flags: CallFlags & PriceFlags & { all?: boolean }) => {
        const body = { ...pricesOf(flags), ...(flags.all === true ? { all: true } : {}) }
        await show(
          flags,
          api => api.call('serve', { params: { id: model }, body }),
          ({ id, base }) => (base === undefined ? `serving ${id}` : `serving every model over ${base}`)
        )
      })
    )
}

export function unserveCommand(): Command {
  return connected(
    command({
      name: 'unserve',
      summary: 'offer a model no more; answers under way are finished (worker)',
      examples: ['tilth unserve elements --as worker-1']
    })
  )
    .argument('<model>', modelArgument)
    .option('--all', 'every model over its base that is not offered by itself')
    .action(
      guarded(async (model: string, flags: CallFlags & { all?: boolean }) => {
        if (flags.all === true)
          return show(
            flags,
            api => api.call('unserve', { params: { id: model }, body: { all: true } }),
            ({ name, served }) =>
              served
                ? `the models over the base of ${safe(name)} are offered no more`
                : `every model over the base of ${safe(name)} was not offered here`
          )
        await show(
          flags,
          api => api.call('unserve', { params: { id: model } }),
          ({ name, served }) =>
            served
              ? `${safe(name)} is offered no more; \`${tilthLine(`serve ${safe(name)}`, flags)}\` offers it again`
              : `${safe(name)} was not offered here; it will not be by itself either`
        )
      })
    )
}

export function offersCommand(): Command {
  return listing(
    connected(
      command({
        name: 'offers',
        summary: 'what is offered by whom, at what price and speed',
        examples: ['tilth offers', 'tilth offers elements --json']
      })
    )
  )
    .argument('[model]', modelArgument)
    .action(
      guarded(async (model: string | undefined, flags: ListFlags) => {
        await showList(
          flags,
          (api, params) => api.call('offers', { params: { ...params, ...(model === undefined ? {} : { model }) } }),
          offers =>
            offers.length === 0
              ? dim(`nobody offers ${model === undefined ? 'anything' : safe(model)} now`)
              : table(
                  [
                    'model',
                    'id',
                    'worker',
                    'tokens per 1000 in',
                    'per 1000 out',
                    'tokens/s',
                    'free',
                    'says: where',
                    'weights',
                    'found out'
                  ],
                  offers.map(offer => [
                    safe(offer.name),
                    short(offer.model),
                    offer.worker,
                    tokens(1000n * BigInt(offer.inputPrice)),
                    tokens(1000n * BigInt(offer.outputPrice)),
                    String(offer.tokensPerSecond),
                    String(offer.capacity),
                    safe(offer.region ?? '–'),
                    safe(offer.weights ?? '–'),
                    foundOutText(offer)
                  ]),
                  [3, 4, 5, 6]
                )
        )
      })
    )
}
